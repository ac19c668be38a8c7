-- The oldest two thousand events with all their columns: one page of an export.
-- Each event is stored once.
SELECT concat(replaceOne(toString(timestamp), ' ', 'T'), 'Z') AS happened, event_id, toString(event_name), nullIf(anonymous_id, ''), nullIf(user_id, ''), nullIf(session_id, ''),
  toString(source), toString(medium), nullIf(toString(campaign), ''), toString(channel), toString(source_confidence), toString(source_rule_id),
  nullIf(referrer, ''), nullIf(url, ''), nullIf(path, ''), toString(country), toString(device_type), toString(browser), toString(os), is_bot, properties,
  concat(replaceOne(toString(received_at), ' ', 'T'), 'Z'), concat(replaceOne(toString(client_timestamp), ' ', 'T'), 'Z'), seq,
  nullIf(hostname, ''), nullIf(referrer_host, ''), nullIf(term, ''), nullIf(content, ''), nullIf(toString(sdk_name), ''), nullIf(toString(sdk_version), '')
FROM {db:Identifier}.events
WHERE project_id = {project:UUID} AND timestamp >= {from:DateTime} AND timestamp < {to:DateTime} AND NOT is_bot
  AND timestamp <= (SELECT max(timestamp) FROM (
    SELECT timestamp FROM {db:Identifier}.events
    WHERE project_id = {project:UUID} AND timestamp >= {from:DateTime} AND timestamp < {to:DateTime} AND NOT is_bot
    ORDER BY timestamp LIMIT 2000
  ))
ORDER BY timestamp, received_at, events.seq, events.event_id
LIMIT 2000
