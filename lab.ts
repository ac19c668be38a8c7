import { chdbEvents } from '@millimetric/core/chdb'
import { acquireEngine } from './packages/core/src/stores/chdb/engine.js'
import { fillTraffic } from './bench/traffic.js'
import { existsSync } from 'node:fs'
const path='/tmp/chq2', P='44444444-4444-4444-8444-000000000000', database='lab'
const UNTIL=Math.floor(Date.now()/86400000)*86400000
const engine=await acquireEngine(path)
const store=chdbEvents({path,database})
if(process.argv[2]==='fill') await fillTraffic({engine,store,database},{projects:[P],events:1000000,days:90,until:UNTIL})
const F=(UNTIL-30*86400000)/1000, T=UNTIL/1000
const run=async(name:string,q:string)=>{ const cs:number[]=[]; let rows:any; for(let i=0;i<4;i++){const b=process.cpuUsage(); rows=await (await engine.readers[0].query({query:q,format:'JSONEachRow'})).json(); const u=process.cpuUsage(b); cs.push((u.user+u.system)/1000)} console.log(name.padEnd(40), Math.min(...cs.slice(1)).toFixed(0),'cpu ms', JSON.stringify(rows).slice(0,150)) }
const W=`project_id='${P}' AND bucket >= toDateTime(${F}-86400) AND bucket < toDateTime(${T}+86400) AND NOT is_bot`
await run('fragments count', `SELECT count() FROM lab.sessions WHERE ${W}`)
await run('group by visitor,half min/max', `SELECT count(), max(s) FROM (SELECT sipHash64(anonymous_id) v, bucket, min(started_at) s, max(ended_at) e FROM lab.sessions WHERE ${W} GROUP BY v,bucket)`)
await run('+ pageviews merge', `SELECT count(), sum(p) FROM (SELECT sipHash64(anonymous_id) v, bucket, min(started_at) s, max(ended_at) e, uniqExactIfMerge(pageviews) p FROM lab.sessions WHERE ${W} GROUP BY v,bucket)`)
await run('+ pageviews+others merge', `SELECT count(), sum(p), sum(o) FROM (SELECT sipHash64(anonymous_id) v, bucket, min(started_at) s, max(ended_at) e, uniqExactIfMerge(pageviews) p, uniqExactIfMerge(others) o FROM lab.sessions WHERE ${W} GROUP BY v,bucket)`)
await run('+ first', `SELECT count(), any(f.4) FROM (SELECT sipHash64(anonymous_id) v, bucket, min(started_at) s, max(ended_at) e, argMinMerge(first) f FROM lab.sessions WHERE ${W} GROUP BY v,bucket)`)
await run('finalizeAggregation p (no group)', `SELECT sum(finalizeAggregation(pageviews)), sum(finalizeAggregation(others)) FROM lab.sessions WHERE ${W}`)
await run('window over events', `SELECT countIf(o) FROM (SELECT t - lagInFrame(t) OVER (PARTITION BY v ORDER BY t ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) > 1800000 o FROM (SELECT sipHash64(anonymous_id) v, toUnixTimestamp64Milli(timestamp) t FROM lab.events WHERE project_id='${P}' AND timestamp >= toDateTime(${F}-86400) AND timestamp < toDateTime(${T}+86400) AND NOT is_bot))`)
await run('events groupArray per visitor', `SELECT sum(length(a)) FROM (SELECT sipHash64(anonymous_id) v, arraySort(groupArray((toUnixTimestamp64Milli(timestamp), event_name='$pageview', source))) a FROM lab.events WHERE project_id='${P}' AND timestamp >= toDateTime(${F}-86400) AND timestamp < toDateTime(${T}+86400) AND NOT is_bot GROUP BY v)`)
await run('events group by visitor,half all', `SELECT count(), sum(p) FROM (SELECT sipHash64(anonymous_id) v, intDiv(toUnixTimestamp64Milli(timestamp),1800000) h, min(timestamp) s, max(timestamp) e, countIf(event_name='$pageview') p, countIf(event_name NOT IN ('$pageview','$identify')) o, argMin(source,(timestamp,received_at,seq,event_id)) f FROM lab.events WHERE project_id='${P}' AND timestamp >= toDateTime(${F}-86400) AND timestamp < toDateTime(${T}+86400) AND NOT is_bot GROUP BY v,h)`)
await run('sizes', `SELECT table, column, formatReadableSize(sum(column_data_compressed_bytes)) s FROM system.parts_columns WHERE database='lab' AND active AND table='sessions' GROUP BY table,column ORDER BY sum(column_data_compressed_bytes) DESC LIMIT 8`)
await run('lag on lab frags',`SELECT countIf(o) FROM (SELECT s - lagInFrame(e) OVER (PARTITION BY v ORDER BY bucket ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) > 1800 o FROM (SELECT sipHash64(anonymous_id) v, bucket, toUnixTimestamp(min(started_at)) s, toUnixTimestamp(max(ended_at)) e FROM lab.sessions WHERE ${W} GROUP BY v,bucket))`)
await store.close(); await engine.close()
