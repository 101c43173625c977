<?php
// Sends requests of tests with curl or a stream, one JSON object a line in and one out.

function by_curl(array $wanted): array
{
    $curl = curl_init($wanted['url']);
    $lines = [];
    foreach ($wanted['headers'] as $name => $value) {
        $lines[] = "$name: $value";
    }
    $headers = [];
    curl_setopt_array($curl, [
        CURLOPT_SSL_VERIFYPEER => 0,
        CURLOPT_SSL_VERIFYHOST => 0,
        CURLOPT_RETURNTRANSFER => 1,
        // What some scripts put behind a header is sent as they do.
        CURLOPT_HTTPHEADER => array_merge($lines, $wanted['rawHeaders'] ?? []),
        CURLOPT_HEADERFUNCTION => function ($curl, $line) use (&$headers) {
            $parts = explode(':', $line, 2);
            if (count($parts) === 2) {
                $headers[strtolower($parts[0])] = trim($parts[1]);
            }
            return strlen($line);
        },
    ]);
    if ($wanted['method'] === 'POST') {
        curl_setopt($curl, CURLOPT_POST, true);
        curl_setopt($curl, CURLOPT_POSTFIELDS, $wanted['form'] ?? $wanted['body'] ?? '');
    }
    $body = curl_exec($curl);
    if ($body === false) {
        return ['status' => 0, 'headers' => [], 'body' => curl_error($curl)];
    }
    return ['status' => curl_getinfo($curl, CURLINFO_RESPONSE_CODE), 'headers' => $headers, 'body' => $body];
}

function by_stream(array $wanted): array
{
    $lines = [];
    foreach ($wanted['headers'] as $name => $value) {
        $lines[] = "$name: $value";
    }
    $body = $wanted['body'] ?? '';
    if ($wanted['isBodyInHeader'] ?? false) {
        $lines[] = 'Content-Length: ' . strlen($body);
        $lines[] = '';
        $lines[] = $body;
        $body = '';
    }
    $context = stream_context_create([
        'http' => [
            'method' => $wanted['method'],
            'header' => implode("\r\n", $lines),
            'content' => $body,
            'ignore_errors' => true,
        ],
        'ssl' => ['verify_peer' => false, 'verify_peer_name' => false],
    ]);
    $body = file_get_contents($wanted['url'], false, $context);
    $status = (int) explode(' ', $http_response_header[0] ?? 'HTTP/1.1 0')[1];
    return ['status' => $status, 'headers' => [], 'body' => (string) $body];
}

while (($line = fgets(STDIN)) !== false) {
    $wanted = json_decode($line, true);
    $answer = $wanted['how'] === 'stream' ? by_stream($wanted) : by_curl($wanted);
    $answer['headers'] = (object) $answer['headers'];
    fwrite(STDOUT, json_encode($answer, JSON_THROW_ON_ERROR) . "\n");
}
