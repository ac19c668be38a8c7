/**
 * Names in `utm_source` beside those of the host tables: `kind network: further names`, after lower case and `-`
 * for `_` and space; `*` leaves the value as the name. Origin: collected by hand.
 */
export const SOURCES: string = `
search google: adwords
search bing: microsoft
shopping google: google-shopping
shopping instagram: ig-shopping igshopping
shopping shopify:
social facebook: fb meta
social instagram: ig insta
video youtube: yt
social tiktok: tt
social twitter: tw x
social linkedin: li
social snapchat: snap
social vk: vkontakte
social telegram: tg
social hackernews: hn hacker-news
ai chatgpt: openai gpt
ai claude: anthropic
email *: email e-mail mail newsletter newsletters
email hubspot: hs-email hs-automation
email marketo:
email activecampaign:
email customer-io: customerio customer.io
email mailerlite:
email beehiiv:
email substack:
email braze:
email iterable:
email constant-contact: constantcontact
push firebase: fcm
push onesignal:
push *: push webpush web-push
sms *: sms
sms attentive:
sms postscript:
affiliate *: affiliate affiliates
display *: dv360 gdn google-display
`
