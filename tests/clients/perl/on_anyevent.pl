use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Matrix;

package OnAnyEvent;
use AnyEvent;
use AnyEvent::WebSocket::Client;
use AnyEvent::WebSocket::Message;

sub open {
    my ($class, $headers, $protocols) = @_;
    my $client = AnyEvent::WebSocket::Client->new(
        http_headers => $headers, max_payload_size => 2 << 20, @$protocols ? (subprotocol => $protocols) : ());
    my $socket = eval { $client->connect($ENV{MATRIX_URL})->recv };
    if (!$socket) {
        # It tells the status only in words.
        die "refused with $1\n" if "$@" =~ /HTTP\/1\.1 (\d+)/;
        die $@;
    }
    my $self = bless { socket => $socket, inbox => [] }, $class;
    $socket->on(each_message => sub { $self->put($_[1]) });
    $socket->on(finish => sub {
        my ($code, $reason) = ($socket->close_code // 'nothing', $socket->close_reason // '');
        $self->{code} = $code;
        $self->put("closed with $code $reason\n");
    });
    return $self;
}

sub put {
    my ($self, $item) = @_;
    push @{ $self->{inbox} }, $item;
    $self->{arrived}->send if $self->{arrived};
}

sub protocol { $_[0]{socket}->subprotocol }
sub send     { $_[0]{socket}->send($_[1]) }
sub binary   { $_[0]{socket}->send(AnyEvent::WebSocket::Message->new(body => $_[1], opcode => 2)) }

sub receive {
    my ($self) = @_;
    while (!@{ $self->{inbox} }) {
        $self->{arrived} = AnyEvent->condvar;
        $self->{arrived}->recv;
    }
    my $first = shift @{ $self->{inbox} };
    die $first if !ref $first;
    return $first->is_binary ? $first->body : $first->decoded_body;
}

sub close {
    my ($self, $code, $reason) = @_;
    $self->{socket}->close($code, $reason);
    eval { $self->receive };
    return $self->{code};
}

Matrix::run('OnAnyEvent', AnyEvent::WebSocket::Client->VERSION);
