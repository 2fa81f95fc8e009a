use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Matrix;

package OnMojolicious;
use Mojo::IOLoop;
use Mojo::UserAgent;
use Mojo::Util qw(encode);
use Mojolicious;
use Mojo::WebSocket qw(WS_CLOSE WS_CONTINUATION WS_PING WS_PONG WS_TEXT);

sub open {
    my ($class, $headers, $protocols, $deflate) = @_;
    my $self = bless { inbox => [], ua => Mojo::UserAgent->new }, $class;
    $headers = { %$headers, 'Sec-WebSocket-Extensions' => 'permessage-deflate' } if $deflate;
    my $answer;
    $self->{ua}->websocket($ENV{MATRIX_URL}, $headers, $protocols, sub { $answer = $_[1] });
    until_(sub { $answer });
    die sprintf "refused with %s\n", $answer->res->code // 'nothing' unless $answer->is_websocket;
    $self->{tx} = $answer->max_websocket_size(2 << 20);
    $answer->on(message => sub { push @{ $self->{inbox} }, { message => $_[1] } });
    $answer->on(frame => sub {
        my $frame = $_[1];
        $self->{pong} = $frame->[5] if $frame->[4] == WS_PONG;
        # `finish` tells what the client itself sent as well: this is the server's.
        $self->{code} = unpack 'n', $frame->[5] if $frame->[4] == WS_CLOSE;
    });
    $answer->on(finish => sub { push @{ $self->{inbox} }, { closed => "closed with $_[1] " . ($_[2] // '') . "\n" } });
    return $self;
}

sub until_ { my ($ready) = @_; Mojo::IOLoop->one_tick until $ready->() }

sub protocol   { $_[0]{tx}->protocol }
sub extensions { $_[0]{tx}->res->headers->sec_websocket_extensions }
sub send       { $_[0]{tx}->send($_[1]) }
sub binary     { $_[0]{tx}->send({ binary => $_[1] }) }

sub receive {
    my ($self) = @_;
    until_(sub { @{ $self->{inbox} } });
    my $first = shift @{ $self->{inbox} };
    die $first->{closed} if $first->{closed};
    return $first->{message};
}

sub fragments {
    my ($self, @texts) = @_;
    for my $i (0 .. $#texts) {
        $self->{tx}->send([$i == $#texts, 0, 0, 0, $i ? WS_CONTINUATION : WS_TEXT, encode('UTF-8', $texts[$i])]);
    }
}

sub ping {
    my ($self, $payload) = @_;
    $self->{tx}->send([1, 0, 0, 0, WS_PING, $payload]);
    until_(sub { defined $self->{pong} });
    Matrix::same($self->{pong}, $payload);
}

sub close {
    my ($self, $code, $reason) = @_;
    $self->{tx}->finish($code, $reason);
    until_(sub { @{ $self->{inbox} } });
    return $self->{code};
}

Matrix::run('OnMojolicious', Mojolicious->VERSION);
