/**
 * Names in `utm_source` beside those of the host tables: `kind network: names`.
 * `*` leaves the value as the name. Names after lower case and `-` for `_` and space. Origin: collected by hand.
 */
export const SOURCES: string = `
search google: adwords google-search
search bing: msn microsoft microsoft-bing
shopping google: google-shopping googleshopping gmc merchant-center
shopping instagram: ig-shopping igshopping
shopping shopify:
social facebook: fb meta facebook.com
social instagram: ig insta
video youtube: yt
social tiktok: tt tik-tok
social twitter: tw x twitter-x
social linkedin: li lnkd
social snapchat: snap
social pinterest: pin
social vk: vkontakte
social whatsapp: wa
social telegram: tg
social hackernews: hn hacker-news
ai chatgpt: openai gpt chat-gpt
ai claude: anthropic
ai gemini: google-gemini bard
ai copilot: microsoft-copilot bing-chat
ai meta-ai: metaai
email *: email e-mail mail newsletter newsletters
email mailchimp: mail-chimp
email klaviyo:
email sendgrid:
email hubspot: hs-email hs-automation
email marketo:
email activecampaign:
email customer-io: customerio customer.io
email convertkit: kit
email brevo: sendinblue
email mailerlite:
email beehiiv:
email substack:
email revue:
email drip:
email braze:
email iterable:
email omnisend:
email shopify-email: shopifyemail
email salesforce-marketing-cloud: sfmc exacttarget
email constant-contact: constantcontact
email campaign-monitor: campaignmonitor
email gmail:
email outlook: hotmail
push firebase: fcm
push onesignal: one-signal
push pushwoosh:
push webpush: web-push push push-notification
sms attentive:
sms postscript:
sms twilio:
affiliate *: affiliate affiliates
affiliate awin:
affiliate cj: commission-junction
affiliate shareasale: share-a-sale
affiliate impact: impactradius
affiliate partnerize:
affiliate skimlinks:
display *: dv360 display-video-360 gdn google-display
display basis:
sms *: sms text-message
`
