# The cases of the matrix for Perl's clients: each has a script with a package, handed to `Matrix::run`.
#
#   open(class, \%headers, \@protocols, $deflate)   dies with "refused with STATUS"
#   protocol, extensions      what the server agreed to
#   send(text), binary(bytes)
#   receive()                 a message; dies with "closed with CODE REASON"
#   fragments(texts)          one message in several frames
#   ping(payload)             until the pong is there
#   close(code, reason)       the code of the Close that answers
#
# Text is in characters, not in bytes. What a client does not have, its package leaves out; clients.toml says why.
package Matrix;
use strict;
use warnings;
use utf8;
use JSON::PP;

$| = 1;
my $json = JSON::PP->new->canonical;
my ($token, $text) = ($ENV{MATRIX_TOKEN}, 'héllo, wörld ✓');

sub run {
    my ($client, $version) = @_;
    print JSON::PP->new->ascii->encode({ version => $version }), "\n";
    for my $case (cases($client)) {
        my ($name, $test) = @$case;
        my %report = (case => $name, result => 'pass');
        eval {
            local $SIG{ALRM} = sub { die "nothing within 20 s\n" };
            alarm 20;
            $test->();
            1;
        } or @report{qw(result detail)} = ('fail', substr "$@", 0, 300);
        alarm 0;
        print JSON::PP->new->ascii->encode(\%report), "\n";
    }
}

sub cases {
    my ($client) = @_;
    my $open = sub { $client->open({ Authorization => 'Bearer ' . ($_[0] // $token) }, [], $_[1]) };
    my $with = sub {
        my ($use, $deflate) = @_;
        sub { my $c = $open->($token, $deflate); $use->($c); $c->close(1000, '') };
    };
    return grep { $_->[1] } (
        [header => $with->(sub { })],
        [subprotocol => sub {
            my $c = $client->open({}, ['bearer', "bearer.$token"]);
            same($c->protocol, 'bearer');
            $c->close(1000, '');
        }],
        [typed => $with->(sub { said($_[0], $text) })],
        [reply => $with->(\&reply)],
        [text => $with->(sub { said($_[0], 'x' x 65536) })],
        [binary => $with->(\&binary)],
        [fragments => $client->can('fragments') && $with->(\&fragments)],
        [ping => $client->can('ping') && $with->(sub { $_[0]->ping('are you there'); said($_[0], $text) })],
        [heartbeat => $with->(\&heartbeat)],
        [close => sub { same($open->()->close(4001, 'done here'), 4001) }],
        [closed => sub { closed($open->()) }],
        [refused => sub {
            die "it connected with a wrong token\n" if eval { $open->('wrong') };
            same($@, "refused with 401\n");
        }],
        [deflate => $client->can('extensions') && $with->(\&deflate, 1)],
    );
}

sub reply {
    my ($c) = @_;
    $c->send($json->encode({ type => 'ask', id => $_, text => $text })) for qw(a b);
    utf8::encode(my $bytes = $text);
    for my $id (qw(a b)) {
        my $answer = $json->decode($c->receive);
        same($json->encode($answer), $json->encode({ type => 'answer', id => $id, length => length $bytes }));
    }
}

sub binary {
    my ($c) = @_;
    my $sent = pack 'C*', map { $_ * 7 & 255 } 0 .. (1 << 20) - 1;
    $c->binary($sent);
    die "other bytes\n" if $c->receive ne $sent;
}

sub fragments {
    my ($c) = @_;
    my $message = $json->encode({ type => 'say', text => $text });
    $c->fragments(substr($message, 0, 5), substr($message, 5, 15), substr($message, 20));
    same($json->decode($c->receive)->{text}, $text);
}

sub heartbeat {
    my ($c) = @_;
    $c->send('{"type":"wait","milliseconds":3000}');
    same($json->decode($c->receive)->{text}, 'waited');
}

sub closed {
    my ($c) = @_;
    $c->send('{"type":"leave","code":4002,"reason":"enough"}');
    die "a Close, not a message\n" if eval { $c->receive; 1 };
    same($@, "closed with 4002 enough\n");
}

sub deflate {
    my ($c) = @_;
    my $agreed = $c->extensions // '';
    die "not agreed: '$agreed'\n" if $agreed !~ /permessage-deflate/;
    said($c, 'wörds that repeat ' x 1000) for 1 .. 2;
}

sub said {
    my ($c, $what) = @_;
    $c->send($json->encode({ type => 'say', text => $what }));
    my $message = $json->decode($c->receive);
    same($json->encode($message), $json->encode({ type => 'said', room => 'lobby', text => $what }));
}

sub same {
    my ($found, $expected) = @_;
    die sprintf "%.150s instead of %.150s\n", $found // 'nothing', $expected if ($found // '') ne $expected;
}

1;
