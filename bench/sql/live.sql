-- Who was there in the half hour up to `to`. One row a visitor, then counts by key.
-- Each event is stored once.
SELECT count() AS visitors, sum(length(agos)) AS events,
  arraySlice(arraySort(x -> (-x.2, x.1), arrayZip((sumMapIf([last_path], [1], last_path != '') AS pages).1, pages.2)), 1, 10) AS top_pages,
  arrayMap(x -> (splitByChar('\0', x.1)[1], splitByChar('\0', x.1)[2], x.2),
    arraySlice(arraySort(x -> (-x.2, x.1), arrayZip((sumMap([concat(from_source, '\0', from_medium)], [1]) AS sources).1, sources.2)), 1, 10)) AS top_sources,
  arraySlice(arraySort(x -> (-x.2, x.1), arrayZip((sumMapIf([last_country], [1], last_country != '') AS countries).1, countries.2)), 1, 10) AS top_countries,
  arrayMap(n -> ((sumMap(agos, arrayMap(x -> 1, agos)) AS hits).2[indexOf(hits.1, 29 - n)],
    (sumMap(arrayDistinct(agos), arrayMap(x -> 1, arrayDistinct(agos))) AS seen).2[indexOf(seen.1, 29 - n)]), range(30)) AS per_minute
FROM (
  SELECT groupArray(intDiv({to:DateTime}::Int64 * 1000 - toUnixTimestamp64Milli(timestamp), 60000)) AS agos,
    argMaxIf(path, (timestamp, received_at, seq, event_id), path != '') AS last_path,
    argMax((toString(source), toString(medium)), (medium != 'direct', timestamp, received_at, seq, event_id)) AS came,
    came.1 AS from_source, came.2 AS from_medium,
    argMax(toString(country), (timestamp, received_at, seq, event_id)) AS last_country
  FROM {db:Identifier}.events
  WHERE project_id = {project:UUID} AND timestamp > {to:DateTime} - 1800 AND timestamp <= {to:DateTime} AND NOT is_bot
  GROUP BY visitor
)
