# Sends requests of tests with HTTP::Tiny, one JSON object a line in and one out.
use strict;
use warnings;
use Encode ();
use HTTP::Tiny;
use JSON::PP;

$| = 1;
my $json = JSON::PP->new->utf8->canonical;
while (my $line = <STDIN>) {
    my $wanted = $json->decode($line);
    my $http = HTTP::Tiny->new(
        agent        => $wanted->{agent} // 'tests ',
        verify_SSL   => 0,
        max_redirect => 0,
        keep_alive   => 0,
    );
    my %options = (headers => $wanted->{headers});
    if (defined $wanted->{body}) {
        $options{content} = $wanted->{body};
        $options{headers}{'Content-Type'} = 'application/x-www-form-urlencoded' if $wanted->{isForm};
    }
    my $answer = $http->request($wanted->{method}, $wanted->{url}, \%options);
    print $json->encode({
        status  => $answer->{status} + 0,
        headers => $answer->{headers},
        body    => Encode::decode('UTF-8', $answer->{content}),
    }), "\n";
}
