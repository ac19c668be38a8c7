-- The hundred newest events as the wire shows them.
-- Each event is stored once.
SELECT concat(replaceOne(toString(timestamp), ' ', 'T'), 'Z') AS happened, event_id, toString(event_name), nullIf(anonymous_id, ''), nullIf(user_id, ''), nullIf(session_id, ''),
  toString(source), toString(medium), nullIf(toString(campaign), ''), toString(channel), toString(source_confidence), toString(source_rule_id),
  nullIf(referrer, ''), nullIf(url, ''), nullIf(path, ''), toString(country), toString(device_type), toString(browser), toString(os), is_bot, properties
FROM {db:Identifier}.events
WHERE project_id = {project:UUID} AND timestamp >= {from:DateTime} AND timestamp < {to:DateTime} AND NOT is_bot
ORDER BY timestamp DESC, received_at DESC, seq DESC, events.event_id DESC
LIMIT 100
