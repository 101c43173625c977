<?php

$url = 'https://' . getenv('UAPID_HOST') . ':2083/execute/Ftp/list_sessions';
$context = stream_context_create([
    'http' => [
        'header' => 'Authorization: cpanel ' . getenv('UAPID_USER') . ':' . getenv('UAPID_TOKEN'),
        'ignore_errors' => true,
    ],
    'ssl' => ['cafile' => getenv('UAPID_CERT')],
]);
$body = file_get_contents($url, false, $context);
if ($body === false) {
    exit(1);
}
$answer = json_decode($body, true, flags: JSON_THROW_ON_ERROR);

if ($answer['status'] !== 1) {
    throw new RuntimeException(implode("\n", $answer['errors']));
}
foreach ($answer['data'] as $session) {
    echo "$session[user] $session[host] $session[status]\n";
}
