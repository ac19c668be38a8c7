import { createTracker, type Tracker } from './tracker.js'

/** What the script leaves at `window.mm`. */
export interface MillimetricScript extends Tracker {
  /** A call as data, `['track', 'signup', { plan: 'free' }]`: works before and after the script has loaded. */
  push(call: readonly unknown[]): void
}

declare global {
  interface Window {
    /** A list of calls until the script has loaded, then the SDK. */
    mm?: MillimetricScript | readonly (readonly unknown[])[]
  }
}

function isLoaded(mm: Window['mm']): mm is MillimetricScript {
  return !!mm && 'init' in mm
}

function load(): void {
  const { mm } = window
  const script = document.currentScript
  const sdk: MillimetricScript = isLoaded(mm)
    ? mm
    : {
        ...createTracker(),
        push([name, ...args]) {
          const method: unknown = Reflect.get(sdk, `${name}`)
          if (typeof method === 'function') method(...args)
        },
      }
  window.mm = sdk
  // `mm` may also be an element of the page with that id.
  if (Array.isArray(mm)) mm.forEach(sdk.push)
  if (script && 'src' in script && script.dataset.key) {
    sdk.init({
      key: script.dataset.key,
      host: script.dataset.host || script.src.replace(/\/v1\/a\.js.*/, ''),
    })
  }
}

try {
  load()
} catch {}
