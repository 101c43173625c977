use strict;
use warnings;
use HTTP::Tiny;    # reads https with IO::Socket::SSL, on Debian libio-socket-ssl-perl
use JSON::PP;

my $http = HTTP::Tiny->new(
    verify_SSL  => 1,
    SSL_options => { SSL_ca_file => $ENV{UAPID_CERT} },
);
my $response = $http->get(
    "https://$ENV{UAPID_HOST}:2083/execute/Ftp/list_sessions",
    { headers => { Authorization => "cpanel $ENV{UAPID_USER}:$ENV{UAPID_TOKEN}" } },
);
die $response->{content} if $response->{status} == 599;    # no answer: the reason is there
my $answer = decode_json($response->{content});

die join("\n", @{ $answer->{errors} }), "\n" if $answer->{status} != 1;
print "$_->{user} $_->{host} $_->{status}\n" for @{ $answer->{data} };
