/**
 * What values of `utm_medium` mean, after lower case and `-` for `_`, space and `+`. `paid` is an advert of
 * unknown sort, `paid search` says which. In a `word` line the values may also stand among other words
 * (`something-push`, `email-newsletter`); the others must be the whole.
 * Origin: GA4's default channel groups, the contract, and the words that people use.
 */
export const MEDIUMS: string = `
paid word: cpc ppc cpa cpp cpi cpl cpv paid retargeting remarketing pmax ads ad advertising sponsored promoted boosted
paid: performance-max
paid search word: sem sea paidsearch
paid social word: paidsocial
paid video word: paidvideo preroll
paid shopping word: paidshopping pla
paid display word: display banner banners expandable interstitial programmatic
paid cpm word: cpm
email word: email emails newsletter newsletters edm
email: e-mail mail
sms word: sms mms rcs
sms: text text-message
push word: push notification notifications mobile webpush
affiliate word: affiliate affiliates partnership partnerships
audio word: audio podcast podcasts
ai word: chatbot llm ai
social word: social
social: sm smo socialmedia link-in-bio messenger
video word: video
search word: organic seo
search: search natural
referral word: referral
referral: referrer link links app blog website rss feed press article
`
