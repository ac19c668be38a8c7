import { createTracker, type Tracker } from './tracker.js'

export type { BrowserEvent, InitOptions } from './options.js'

const tracker: Tracker = createTracker()

/**
 * Starts tracking. Again with the same key: nothing happens; with another key: what waits is sent and the new
 * key takes over. Calls made before `init` are carried out first, in their order. Does nothing on a server.
 */
export const init: Tracker['init'] = tracker.init

/** Records that something happened on this page. */
export const track: Tracker['track'] = tracker.track

/** Says who the visitor is. Events from now on carry the user id, on later visits too, until `reset`. */
export const identify: Tracker['identify'] = tracker.identify

/** Records a `$pageview`, for pages that `autoPageView` cannot see. The name becomes `$page_name`. */
export const page: Tracker['page'] = tracker.page

/** Forgets the user and makes the next event that of a new visitor: call it on logout. */
export const reset: Tracker['reset'] = tracker.reset

/** Sends what waits. Resolves when each waiting event has been tried; never rejects. */
export const flush: Tracker['flush'] = tracker.flush

/** Stops tracking in this browser, also on later visits: forgets the ids and discards what waits. */
export const optOut: Tracker['optOut'] = tracker.optOut

/** Takes `optOut` back. */
export const optIn: Tracker['optIn'] = tracker.optIn

/** Id of this browser, to send along to your own server; null before `init` and when nothing may be stored. */
export const getAnonymousId: Tracker['getAnonymousId'] = tracker.getAnonymousId

/** Uses an id of your own, such as one that your server has given out. */
export const setAnonymousId: Tracker['setAnonymousId'] = tracker.setAnonymousId
