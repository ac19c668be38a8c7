import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type ClassifyOptions, type Explanation, explain, RULESET_VERSION } from '@millimetric/classifier'
import type { Analytics } from '../api.js'
import { AnalyticsError } from '../errors.js'
import { hostOfPage } from '../ingest/verdict.js'
import type { MoveSide, Reclassification, ReclassifyParams } from '../query/reclassify.js'
import type { CommandInput } from './commands.js'

export const EXPLAIN_USAGE = 'explain URL [REFERRER]     which rules judge a visit, and why; needs no data'

export const CLASSIFY_USAGE = `classify --since 30d --diff    judges stored events again and shows what would move
  classify --since 30d --apply   moves it; --project P, --from … --to …, --limit N; --classifier FILE as your server has it`

/** `explain URL [REFERRER]`. Errors: `invalid_params`. */
export async function explainVisit({ words, options, print }: CommandInput): Promise<void> {
  const [url, referrer = ''] = words
  if (url === undefined) {
    throw new AnalyticsError('invalid_params', 'explain takes the address of a page, and a referrer.')
  }
  const visit = { url, referrer, request_host: hostOfPage(url) }
  const told = explain(visit, await classifierOf(options))
  if (options.json === true) return print({ ruleset: RULESET_VERSION, ...told })
  const { source, medium, channel, confidence, rule_id, campaign, term, content, evidence } =
    told.classification
  print({
    ruleset: RULESET_VERSION,
    source,
    medium,
    channel,
    confidence,
    rule_id,
    campaign,
    term,
    content,
    evidence,
  })
  print(told.rules.flatMap(outcome))
}

function outcome({
  rule_id,
  when,
  outcome,
  verdict,
}: Explanation['rules'][number]): Record<string, string>[] {
  // Rules that look at what is not there say nothing about this visit.
  if (outcome === 'absent') return []
  const says = verdict === null ? '' : `${verdict.source} / ${verdict.medium} / ${verdict.channel}`
  return [{ rule_id, outcome, says, when }]
}

/** `classify --since 30d --diff|--apply`. Errors: `invalid_params`, `storage_unavailable`. */
export async function classifyHistory(
  analytics: Pick<Analytics, 'reclassify'>,
  { options, print }: CommandInput,
): Promise<void> {
  const apply = options.apply === true
  if (apply === (options.diff === true)) {
    throw new AnalyticsError('invalid_params', 'classify takes --diff (only look) or --apply (rewrite).')
  }
  const project = typeof options.project === 'string' ? { project: options.project } : {}
  const answer = await analytics.reclassify({ ...rangeOf(options), apply }, project)
  if (options.json === true) return print(answer)
  if (answer.moves.length > 0) {
    print(
      answer.moves.map(({ from, to, fields, events, example }) => ({
        events,
        from: side(from),
        to: side(to),
        changes: fields.join(' '),
        url: example.url.slice(0, 80),
        referrer: example.referrer.slice(0, 40),
      })),
    )
  }
  print(summary(answer, options.classifier === undefined))
}

function rangeOf(options: CommandInput['options']): ReclassifyParams {
  const given = (name: string): string | undefined => {
    const value = options[name]
    return typeof value === 'string' ? value : undefined
  }
  const [since, from, to, limit] = [given('since'), given('from'), given('to'), given('limit')]
  return {
    range: given('range'),
    from: since ?? from,
    // A moment needs an end; `30d` has one of its own.
    to: to ?? (since !== undefined && /^\d{4}-/.test(since) ? new Date() : undefined),
    timezone: given('timezone'),
    ...(limit === undefined ? {} : { limit: Number(limit) }),
  }
}

function side({ source, medium, channel, rule_id }: MoveSide): string {
  return `${source} / ${medium} / ${channel} (${rule_id})`
}

function summary(
  { ruleset, applied, events, moving, share, left_alone, from, to, truncated, warnings }: Reclassification,
  builtIn: boolean,
): string {
  const percent = (share * 100).toFixed(share < 0.1 ? 2 : 1)
  return [
    `Rules ${ruleset}, ${from} to ${to}: ${moving} of ${events} events ${applied ? 'moved' : 'would move'} (${percent} %).`,
    ...(left_alone === 0 ? [] : [`${left_alone} stay as they are: what they were judged by is not stored.`]),
    ...(truncated ? ['More moves than shown; --limit N shows more.'] : []),
    ...(builtIn ? ['Judged with the default options; --classifier FILE takes those of your server.'] : []),
    ...(applied || moving === 0 ? [] : ['Nothing was written; --apply moves them.']),
    ...warnings,
  ].join('\n')
}

/** The options of `--classifier FILE`, a module whose default export are those that the server passes. */
export async function classifierOf(options: CommandInput['options']): Promise<ClassifyOptions | undefined> {
  const file = options.classifier
  if (typeof file !== 'string') return undefined
  const path = resolve(file)
  const loaded: unknown = await import(pathToFileURL(path).href).catch((cause: unknown) => {
    throw new AnalyticsError('invalid_params', `--classifier: ${path} can not be loaded.`, { cause })
  })
  const found =
    typeof loaded === 'object' && loaded !== null && 'default' in loaded ? loaded.default : undefined
  if (typeof found === 'object' && found !== null) return found
  throw new AnalyticsError('invalid_params', `--classifier: ${path} has no default export with the options.`)
}
