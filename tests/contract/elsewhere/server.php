<?php
// The API as a small PHP script, written from the vendor's page: php -S 127.0.0.1:PORT server.php
// The environment variable STATE names a file for its messages; FAULT, if set, breaks one thing.

$fault = getenv('FAULT') ?: '';
header('Content-Type: application/json; charset=utf-8');
setcookie('PHPSESSID', 'abc123');

function answer(int $status, $content = null): void
{
    global $fault;
    http_response_code($status);
    if ($fault === 'notice' && $content !== null) {
        echo "<br />\n<b>Notice</b>: Undefined index: stop in <b>/var/www/api.php</b> on line <b>12</b><br />\n";
    }
    if ($fault === 'php-numbers' && is_array($content)) {  // what a database driver returns
        array_walk_recursive($content, function (&$value) {
            $value = is_int($value) ? (string) $value : $value;
        });
    }
    if ($content !== null) {
        echo json_encode($content, JSON_PRETTY_PRINT | JSON_PRESERVE_ZERO_FRACTION);
    }
    exit;
}

function refuse(string $field, string $text): void
{
    global $fault;
    if ($fault === 'die') {
        header('Content-Type: text/html');
        http_response_code(400);
        die("<h1>$text</h1>");
    }
    answer($fault === 'refused-with-200' ? 200 : 400, ['errors' => [$field => [$text]]]);
}

function save(array $state): void
{
    file_put_contents(getenv('STATE'), serialize($state));
}

function status_of(array $sms): int
{
    if ($sms['due'] > time()) {
        return 10;
    }
    return preg_match('/^\+[0-9]{8,15}$/', $sms['phone_number']) ? 13 : 30;
}

$given = $_SERVER['HTTP_AUTHORIZATION'] ?? '';
$key = preg_match('/^bearer\s+(.+)$/i', $given, $found) ? $found[1] : '';
$known = $fault === 'strncmp' ? strncmp($key, 'php-Key-1', strlen($key)) === 0 : $key === 'php-Key-1';
if ($fault === 'post-only' && $_SERVER['REQUEST_METHOD'] !== 'POST') {
    $known = true;
}
if ($fault === 'strpos') {
    $known = strpos($key, 'php-Key-1') !== false;
}
if (!$known) {
    answer(401);
}

$state = @unserialize((string) @file_get_contents(getenv('STATE'))) ?: ['next' => 1, 'messages' => []];
$path = substr(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH), strlen('/api/v1/'));
[$kind, $id] = explode('/', "$path/") + ['', ''];
$method = $_SERVER['REQUEST_METHOD'];

if ($method === 'POST' && $path === 'sms') {
    $body = json_decode(file_get_contents('php://input'), true);
    if (!is_array($body)) {
        answer(400, ['errors' => ['body' => ['JSON expected']]]);
    }
    foreach (['message_text', 'delivery_date', 'sender_id', 'phone_numbers'] as $field) {
        if (!isset($body[$field])) {
            refuse($field, "The field \"$field\" is required");
        }
    }
    $text = $body['message_text'];
    if (!is_string($text)) {
        refuse('message_text', 'The field "message_text" must be a value of type "string"');
    }
    if (preg_match_all('/./us', $text) > 160) {
        refuse('message_text', 'The text is too long');
    }
    if ($fault === 'utf8mb3' && preg_match('/[\x{10000}-\x{10ffff}]/u', $text)) {
        answer(500);
    }
    if ($fault === 'empty-text' && empty($text)) {  // '0' is empty
        refuse('message_text', 'The text is empty');
    }
    $stop = $body['message_stop'] ?? false;
    if (!is_bool($stop) && !($fault === 'filter-var' && filter_var($stop, FILTER_VALIDATE_BOOLEAN))) {
        refuse('message_stop', 'The field "message_stop" must be a value of type "boolean"');
    }
    $sender = $body['sender_id'];
    if (!is_int($sender) && !($fault === 'intval' && intval($sender) === 123)) {
        refuse('sender_id', 'The field "sender_id" must be a value of type "integer"');
    }
    $date = $body['delivery_date'];
    if (!is_string($date)) {
        refuse('delivery_date', 'The field "delivery_date" must be a value of type "string"');
    }
    $due = $date === '' ? new DateTime() : DateTime::createFromFormat('Y-m-d H:i:s', $date);
    $warnings = DateTime::getLastErrors() ?: ['warning_count' => 0];
    if ($fault === 'strtotime') {  // false is 1970
        $due = (new DateTime())->setTimestamp((int) strtotime($date));
    } elseif (!$due || ($warnings['warning_count'] > 0)) {
        refuse('delivery_date', 'The field "delivery_date" must be a date');
    }
    $numbers = $body['phone_numbers'];
    $numbers = is_string($numbers) ? [$numbers] : $numbers;
    if (!is_array($numbers) || !$numbers || array_filter($numbers, 'is_string') !== $numbers) {
        refuse('phone_numbers', 'The field "phone_numbers" must be a list of type "string"');
    }
    $message = $state['next']++;
    $ids = [];
    foreach (array_unique(array_values($numbers)) as $number) {
        $number = $fault === 'ltrim' ? ltrim($number, '+') : $number;
        $sms = $state['next']++;
        $state['messages'][$message][$sms] = ['phone_number' => $number, 'due' => $due->getTimestamp()];
        $ids[$number] = [$sms];
    }
    save($state);
    answer(200, ['message_id' => $message, 'sms_ids' => $ids]);
}

$id = intval($id);
if ($kind === 'message' && isset($state['messages'][$id])) {
    $rows = $state['messages'][$id];
    if ($method === 'DELETE') {
        $left = array_filter($rows, fn ($sms) => $sms['due'] <= time());
        $count = count($rows) - count($left);
        $state['messages'][$id] = $left;
        save($state);
        answer(200, ['success' => $fault === 'float' ? (float) $count : $count]);
    }
    $report = [];
    foreach ($rows as $sms => $row) {
        $report[$sms] = ['id' => $sms, 'phone_number' => $row['phone_number'], 'status' => status_of($row)];
    }
    answer(200, $fault === 'keys' ? $report : array_slice(array_values($report), 0, $fault === 'limit' ? 25 : null));
}
foreach ($kind === 'sms' ? $state['messages'] : [] as $message => $rows) {
    if (isset($rows[$id])) {
        $sms = $rows[$id];
        if ($method === 'GET') {
            answer(200, ['phone_number' => $sms['phone_number'], 'status' => status_of($sms)]);
        }
        $deleted = $sms['due'] > time();
        if ($fault === 'where-message') {
            $state['messages'][$message] = [];
        } elseif ($deleted) {
            unset($state['messages'][$message][$id]);
        }
        save($state);
        answer(200, ['success' => $fault === 'affected-rows' ? (int) $deleted : $deleted]);
    }
}
answer($fault === 'not-found-with-200' ? 200 : 404, $fault === 'not-found-with-200' ? [] : null);
