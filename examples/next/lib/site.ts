/** What the dashboard has to know of a site; everything else is in the events. */
export const SITE = {
  name: 'Kestrel',
  /** Language of the pages, and of their numbers and dates. */
  locale: 'en-GB',
  /** What `conversion_rate` is measured against. */
  goal: { event: 'signup' },
  goalLabel: 'sign-ups',
  /** The way to a sale, and how long a person may take for it. */
  funnel: {
    window: '14d',
    steps: [
      { event: '$pageview', name: 'Visited' },
      { event: 'signup_started', name: 'Began to sign up' },
      { event: 'signup', name: 'Signed up' },
      { event: 'purchase', name: 'Bought' },
    ],
  },
} as const
