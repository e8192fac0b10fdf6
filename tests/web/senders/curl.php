<?php
// PHP's cURL sends every case to the bridge at argv[1], with the files of the folder argv[2].
[, $base, $folder] = $argv;
$curl = curl_init();

function send(string $name, array $options, array $headers = ['Content-Type: application/json'], string $source = 'json'): void
{
    global $curl, $base;
    curl_reset($curl);
    curl_setopt_array($curl, $options + [
        CURLOPT_URL => "$base/hooks/$source?case=$name&name=Мария",
        CURLOPT_HTTPHEADER => $headers,
        CURLOPT_RETURNTRANSFER => true,
    ]);
    if (curl_exec($curl) !== 'OK') {
        fwrite(STDERR, "$name: " . curl_getinfo($curl, CURLINFO_RESPONSE_CODE) . curl_error($curl));
        exit(1);
    }
}

$json = 'Content-Type: application/json';
$small = file_get_contents("$folder/small.json");
$large = file_get_contents("$folder/large.json");
$file = new CURLFile("$folder/file.bin", 'application/octet-stream', 'file.bin');

send('small', [CURLOPT_POSTFIELDS => $small]);
send('again', [CURLOPT_POSTFIELDS => $small]);
send('large', [CURLOPT_POSTFIELDS => $large]);
send('chunked', [
    CURLOPT_INFILE => fopen("$folder/large.json", 'r'),
    CURLOPT_UPLOAD => true,
    CURLOPT_CUSTOMREQUEST => 'POST',
], [$json, 'Transfer-Encoding: chunked']);
send('expect', [CURLOPT_POSTFIELDS => $small], [$json, 'Expect: 100-continue']);
send('old', [CURLOPT_POSTFIELDS => $small, CURLOPT_HTTP_VERSION => CURL_HTTP_VERSION_1_0]);
send('multipart', [CURLOPT_POSTFIELDS => ['name' => 'Мария', 'file' => $file]], [], 'form');
