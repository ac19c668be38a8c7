/**
 * What values of `utm_medium` mean, after lower case and `-` for `_`, space and `+`.
 * A `kind:` line holds whole values; a `kind~` line holds words that may also stand among others
 * (`something-push`, `email-newsletter`). `paid` is an advert of unknown sort, `paid search` says which.
 * Origin: GA4's default channel groups, the contract, and the words that people use.
 */
export const MEDIUMS: string = `
paid~ cpc ppc cpa cpp cpi cpl cpv cpe paid retargeting remarketing pmax ads ad advert advertising adwords sponsored promoted boosted
paid: performance-max performancemax sponsorship sponsored-content pay-per-click
paid search~ sem sea paidsearch ppcsearch searchads
paid social~ paidsocial socialads
paid video~ paidvideo videoads preroll trueview
paid shopping~ paidshopping pla plas
paid display~ display banner banners expandable interstitial programmatic rtb dsp
paid cpm~ cpm vcpm
email~ email emails newsletter newsletters eblast edm
email: e-mail e-mails mail mailing mailer mailshot email-marketing e-newsletter
sms~ sms mms rcs
sms: text text-message text-messaging
push~ push notification notifications mobile webpush pushnotification
affiliate~ affiliate affiliates partnership partnerships
audio~ audio podcast podcasts
ai~ chatbot chatbots llm ai genai
ai: ai-assistant ai-search
social~ social socialmedia
social: sm smo social-network social-networking some linkinbio link-in-bio bio messenger dm
video~ video videos
organic~ organic seo
organic: search natural organic-search serp
referral~ referral
referral: referrer link links app blog website rss feed press pr guest-post widget article directory
`
