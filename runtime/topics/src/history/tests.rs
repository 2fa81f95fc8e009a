//! What is missed, by whom, and when nobody knows.

use super::*;

const US: NodeId = NodeId(1);
const OTHER: NodeId = NodeId(2);
const EPOCH: u64 = 7;

fn bounds(messages: usize, memory: usize) -> Arc<Bounds> {
    Arc::new(Bounds {
        messages,
        age: Duration::from_secs(60),
        memory,
        used: AtomicUsize::new(0),
    })
}

fn kept(node: NodeId, sequence: u64) -> Kept {
    Kept {
        node,
        sequence,
        name: "m",
        message: format!("{node}:{sequence}").into(),
        at: Instant::now(),
    }
}

fn logged(offset: u64, kept: Kept) -> Logged {
    Logged {
        epoch: EPOCH,
        offset,
        kept,
    }
}

fn log(top: u64, newest: Vec<Kept>) -> Log {
    Log {
        epoch: EPOCH,
        top,
        newest,
    }
}

/// A history of a broker's log, at `top`.
fn on_track(messages: usize, top: u64) -> History {
    let mut history = History::of_broker(bounds(messages, usize::MAX));
    assert_eq!(history.position(), None);
    assert!(!history.catch_up(log(top, Vec::new()), US).1);
    history
}

fn at(offset: u64, ahead: Option<(NodeId, u64)>) -> Position {
    Position {
        epoch: EPOCH,
        offset,
        ahead,
    }
}

/// Node and number of what was missed, and where the last of it leads to.
fn missed(
    history: &History,
    from: Position,
    read: &[Kept],
) -> Option<(Vec<u64>, Option<Position>)> {
    match history.missed(&from, read, US) {
        Missed::These(missed) => {
            let numbers = missed.iter().map(|(kept, _)| kept.sequence).collect();
            Some((numbers, missed.last().map(|(_, position)| *position)))
        }
        _ => None,
    }
}

#[test]
fn where_this_process_counts() {
    let mut history = History::ours(bounds(2, usize::MAX), EPOCH);
    for number in 1..=3 {
        history.count(kept(US, number));
    }
    assert_eq!(missed(&history, at(3, None), &[]), Some((vec![], None)));
    let two = Some((vec![2, 3], Some(at(3, None))));
    assert_eq!(missed(&history, at(1, None), &[]), two);
    // The first is not kept any more; another epoch is another log.
    assert!(matches!(
        history.missed(&at(0, None), &[], US),
        Missed::Before
    ));
    let another = Position {
        epoch: 8,
        ..at(1, None)
    };
    assert!(matches!(history.missed(&another, &[], US), Missed::Unknown));
}

/// Without a log at the broker nothing is read when the connection is back.
#[test]
fn a_log_that_begins_anew_here_has_positions_again() {
    let mut history = History::ours(bounds(2, usize::MAX), EPOCH);
    history.lose_track();
    assert_eq!(history.position(), None);
    history.begin_anew();
    history.count(kept(OTHER, 1));
    let position = history.position().unwrap();
    assert_ne!(position.epoch, EPOCH);
    assert_eq!(missed(&history, position, &[]), Some((vec![], None)));
}

#[test]
fn ours_are_pending_until_they_come_back() {
    let mut history = on_track(10, 5);
    history.send(kept(US, 1));
    assert_eq!(history.position(), Some(at(5, Some((US, 1)))));
    let arrival = history.arrive(logged(6, kept(OTHER, 9)), US);
    assert!(matches!(arrival, Arrival::Deliver(position) if position == at(6, Some((US, 1)))));
    // Somebody who left before either gets both, in an order that the positions can tell.
    assert_eq!(
        missed(&history, at(5, None), &[]),
        Some((vec![9, 1], Some(at(6, Some((US, 1))))))
    );
    // Who had ours already gets the other's only.
    assert_eq!(missed(&history, at(5, Some((US, 1))), &[]).unwrap().0, [9]);
    assert!(matches!(
        history.arrive(logged(7, kept(US, 1)), US),
        Arrival::Known
    ));
    assert_eq!(history.position(), Some(at(7, None)));
    assert_eq!(missed(&history, at(5, Some((US, 1))), &[]).unwrap().0, [9]);
    assert!(matches!(
        history.arrive(logged(7, kept(US, 1)), US),
        Arrival::Known
    ));
}

#[test]
fn who_is_ahead_waits_for_the_log() {
    let mut history = on_track(10, 5);
    let ahead = at(5, Some((OTHER, 4)));
    assert!(matches!(history.missed(&ahead, &[], US), Missed::Wait));
    history.arrive(logged(6, kept(OTHER, 3)), US);
    assert!(matches!(history.missed(&ahead, &[], US), Missed::Wait));
    history.arrive(logged(7, kept(OTHER, 4)), US);
    history.arrive(logged(8, kept(OTHER, 5)), US);
    let rest = Some((vec![5], Some(at(8, None))));
    assert_eq!(missed(&history, ahead, &[]), rest);
    assert!(matches!(
        history.missed(&at(9, None), &[], US),
        Missed::Wait
    ));
}

#[test]
fn what_is_not_kept_is_read() {
    let mut history = on_track(2, 5);
    for number in 6..=9 {
        history.arrive(logged(number, kept(OTHER, number)), US);
    }
    assert!(matches!(
        history.missed(&at(5, None), &[], US),
        Missed::Before
    ));
    // More was read than was asked for: what is kept comes from here.
    let read: Vec<Kept> = (6..=8).map(|number| kept(OTHER, number)).collect();
    let all = Some((vec![6, 7, 8, 9], Some(at(9, None))));
    assert_eq!(missed(&history, at(5, None), &read), all);
}

#[test]
fn a_hole_is_read_and_what_came_meanwhile_follows() {
    let mut history = on_track(10, 5);
    assert!(matches!(
        history.arrive(logged(8, kept(OTHER, 8)), US),
        Arrival::Hole
    ));
    assert!(matches!(
        history.arrive(logged(9, kept(OTHER, 9)), US),
        Arrival::Held
    ));
    assert_eq!(history.track_from(), Some((EPOCH, 5)));
    let read = (6..=8).map(|number| kept(OTHER, number)).collect();
    let (delivered, has_hole) = history.catch_up(log(8, read), US);
    let numbers: Vec<u64> = delivered.iter().map(|(kept, _)| kept.sequence).collect();
    assert_eq!((numbers, has_hole), (vec![6, 7, 8, 9], false));
    // What cannot be read is told.
    history.lose_track();
    let (delivered, has_hole) = history.catch_up(log(20, Vec::new()), US);
    assert!(delivered.is_empty() && has_hole);
    assert_eq!(history.position(), Some(at(20, None)));
}

fn numbers(delivered: &[(Kept, Position)]) -> Vec<u64> {
    delivered.iter().map(|(kept, _)| kept.sequence).collect()
}

#[test]
fn of_a_log_that_is_no_longer_whole_what_is_left_is_delivered() {
    let mut history = on_track(10, 5);
    history.lose_track();
    let read = vec![kept(OTHER, 19), kept(OTHER, 20)];
    let (delivered, has_hole) = history.catch_up(log(20, read), US);
    assert_eq!((numbers(&delivered), has_hole), (vec![19, 20], true));
    assert_eq!(delivered[0].1, at(19, None));
    // Who was at the hole's end has missed the rest only.
    assert_eq!(missed(&history, at(19, None), &[]).unwrap().0, [20]);
}

#[test]
fn of_a_new_log_all_is_delivered_that_is_not_ours() {
    let new = |top, newest| Log {
        epoch: EPOCH + 1,
        ..log(top, newest)
    };
    let mut history = on_track(10, 5);
    history.lose_track();
    history.send(kept(US, 7));
    let read = vec![kept(OTHER, 1), kept(US, 7), kept(OTHER, 2)];
    let (delivered, has_hole) = history.catch_up(new(3, read), US);
    // The end of the old one may never have come.
    assert_eq!((numbers(&delivered), has_hole), (vec![1, 2], true));
    // A topic whose log expired, and which was heard all the time: nothing is missing.
    let mut history = on_track(10, 5);
    let first = Logged {
        epoch: EPOCH + 1,
        ..logged(1, kept(OTHER, 6))
    };
    assert!(matches!(history.arrive(first, US), Arrival::Hole));
    let (delivered, has_hole) = history.catch_up(new(1, vec![kept(OTHER, 6)]), US);
    assert_eq!((numbers(&delivered), has_hole), (vec![6], false));
    // Who has just come wants nothing of what was before.
    let mut history = History::of_broker(bounds(10, usize::MAX));
    let (delivered, has_hole) = history.catch_up(new(3, Vec::new()), US);
    assert_eq!((numbers(&delivered), has_hole), (vec![], false));
}

/// The connection breaks while a hole is to be read, and comes back to another log.
#[test]
fn what_was_held_before_the_connection_broke_does_not_lead_back() {
    let of_epoch = |epoch, offset, kept| Logged {
        epoch,
        ..logged(offset, kept)
    };
    let mut history = on_track(10, 5);
    let before = of_epoch(EPOCH + 1, 1, kept(OTHER, 6));
    assert!(matches!(history.arrive(before, US), Arrival::Hole));
    history.lose_track();
    let new = Log {
        epoch: EPOCH + 2,
        ..log(1, vec![kept(OTHER, 7)])
    };
    let (delivered, has_hole) = history.catch_up(new, US);
    assert_eq!((numbers(&delivered), has_hole), (vec![7], true));
    let next = of_epoch(EPOCH + 2, 2, kept(OTHER, 8));
    assert!(matches!(history.arrive(next, US), Arrival::Deliver(_)));
    let bounds = history.bounds.clone();
    drop(history);
    assert_eq!(bounds.used.load(Ordering::Relaxed), 0);
}

#[test]
fn what_came_while_the_log_was_read_does_not_come_twice() {
    let mut history = on_track(10, 5);
    history.arrive(logged(6, kept(OTHER, 6)), US);
    history.arrive(logged(7, kept(OTHER, 7)), US);
    let read = vec![kept(OTHER, 6)];
    let (delivered, has_hole) = history.catch_up(log(6, read), US);
    assert_eq!((numbers(&delivered), has_hole), (vec![], false));
    assert_eq!(history.position(), Some(at(7, None)));
}

#[test]
fn memory_is_bounded_for_all_and_given_back() {
    let bounds = bounds(100, 3 * cost(&kept(US, 1)));
    let mut one = History::ours(bounds.clone(), EPOCH);
    let mut other = History::ours(bounds.clone(), EPOCH);
    let mut pending = History::of_broker(bounds.clone());
    for number in 1..=3 {
        one.count(kept(US, number));
        other.count(kept(US, number));
        pending.send(kept(US, number));
        pending.arrive(logged(number, kept(OTHER, number)), US);
        assert!(bounds.used.load(Ordering::Relaxed) <= bounds.memory);
    }
    drop((one, other, pending));
    assert_eq!(bounds.used.load(Ordering::Relaxed), 0);
}

#[test]
fn what_nobody_can_be_told_any_more_is_dropped() {
    let mut history = History::ours(bounds(100, usize::MAX), EPOCH);
    let long_ago = Instant::now() - Duration::from_secs(61);
    history.count(Kept {
        at: long_ago,
        ..kept(US, 1)
    });
    history.count(kept(US, 2));
    history.drop_old();
    assert_eq!(missed(&history, at(1, None), &[]).unwrap().0, [2]);
    assert!(matches!(
        history.missed(&at(0, None), &[], US),
        Missed::Before
    ));
}

/// More of ours than is kept are on their way to the log: who comes back now may have missed the first of them.
#[test]
fn what_was_sent_and_is_not_remembered_is_waited_for() {
    let mut history = on_track(2, 0);
    for number in 1..=3 {
        history.send(kept(US, number));
    }
    // Who is here has them all.
    assert_eq!(history.position(), Some(at(0, Some((US, 3)))));
    let is_to_wait =
        |history: &History| matches!(history.missed(&at(0, None), &[], US), Missed::Wait);
    assert!(is_to_wait(&history));
    history.arrive(logged(1, kept(US, 1)), US);
    assert!(!is_to_wait(&history));
    assert_eq!(missed(&history, at(0, None), &[]).unwrap().0, [1, 2, 3]);
}

/// Our message reached a log that was lost with Redis, and its echo was lost with the connection: others have read it there,
/// so that nobody who comes back here may get it again.
#[test]
fn what_was_sent_before_a_log_was_lost_is_not_told_again() {
    let mut history = on_track(10, 0);
    history.send(kept(US, 1));
    history.lose_track();
    let anew = Log {
        epoch: EPOCH + 1,
        ..log(1, vec![kept(OTHER, 5)])
    };
    history.catch_up(anew, US);
    let client = Position {
        epoch: EPOCH + 1,
        ..at(0, None)
    };
    assert!(matches!(history.missed(&client, &[], US), Missed::Wait));
    // A later message of ours shows that it will not come.
    history.send(kept(US, 2));
    let own = Logged {
        epoch: EPOCH + 1,
        ..logged(2, kept(US, 2))
    };
    history.arrive(own, US);
    assert_eq!(missed(&history, client, &[]).unwrap().0, [5, 2]);
}
