//! Lists whose items have ids of their own, so that the id of a channel is never taken for that of a server.

use std::fmt::Debug;
use std::hash::Hash;
use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

/// A list that is indexed by `I` alone.
///
/// ```
/// use wsgen::model::VariantId;
/// use wsgen::table::Table;
///
/// let mut names: Table<VariantId, &str> = Table::default();
/// let id = names.push("ping");
/// assert_eq!(names[id], "ping");
/// assert_eq!(names.ids().collect::<Vec<_>>(), [id]);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Table<I, T> {
    items: Vec<T>,
    ids: PhantomData<fn() -> I>,
}

/// A position in a [`Table`].
pub trait Id: Copy + Debug + Eq + Ord + Hash {
    /// The id of the item at this position.
    fn at(position: usize) -> Self;

    /// The position of the item.
    fn position(self) -> usize;
}

/// Defines types of ids.
macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident;)*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(usize);

        impl $crate::table::Id for $name {
            fn at(position: usize) -> Self {
                Self(position)
            }

            fn position(self) -> usize {
                self.0
            }
        }
    )*};
}

pub(crate) use ids;

impl<I: Id, T> Table<I, T> {
    /// Adds an item at the end, and gives its id.
    pub fn push(&mut self, item: T) -> I {
        self.items.push(item);
        I::at(self.items.len() - 1)
    }

    /// How many items there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The id that the next item will have.
    #[must_use]
    pub fn next_id(&self) -> I {
        I::at(self.items.len())
    }

    /// All ids, in order.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = I> + use<I, T> {
        (0..self.items.len()).map(I::at)
    }

    /// All items, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.items.iter()
    }

    /// All items, in order, to change them.
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, T> {
        self.items.iter_mut()
    }

    /// All items with their ids, in order.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = (I, &T)> + Clone {
        let entries = self.items.iter().enumerate();
        entries.map(|(position, item)| (I::at(position), item))
    }

    /// The id of the first item for which `is_it` holds.
    #[must_use]
    pub fn find(&self, mut is_it: impl FnMut(&T) -> bool) -> Option<I> {
        self.items.iter().position(&mut is_it).map(I::at)
    }

    /// A table of what `make` makes of each item, under the same ids.
    pub fn map<'t, U>(&'t self, mut make: impl FnMut(I, &'t T) -> U) -> Table<I, U> {
        self.entries().map(|(id, item)| make(id, item)).collect()
    }

    /// The items without their ids.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        &self.items
    }
}

impl<I, T> Default for Table<I, T> {
    fn default() -> Self {
        Vec::new().into()
    }
}

impl<I, T> From<Vec<T>> for Table<I, T> {
    fn from(items: Vec<T>) -> Self {
        Self {
            items,
            ids: PhantomData,
        }
    }
}

impl<I, T> FromIterator<T> for Table<I, T> {
    fn from_iter<S: IntoIterator<Item = T>>(items: S) -> Self {
        Vec::from_iter(items).into()
    }
}

impl<I: Id, T> Index<I> for Table<I, T> {
    type Output = T;

    fn index(&self, id: I) -> &T {
        &self.items[id.position()]
    }
}

impl<I: Id, T> IndexMut<I> for Table<I, T> {
    fn index_mut(&mut self, id: I) -> &mut T {
        &mut self.items[id.position()]
    }
}

impl<'t, I, T> IntoIterator for &'t Table<I, T> {
    type Item = &'t T;
    type IntoIter = std::slice::Iter<'t, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}

impl<I, T> IntoIterator for Table<I, T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<I, T: Debug> Debug for Table<I, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.items.fmt(f)
    }
}
