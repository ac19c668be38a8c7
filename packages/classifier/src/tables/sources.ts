/**
 * Names in `utm_source` beside those of the host tables: `kind network: names`.
 * `*` leaves the value as the name. Names after lower case and `-` for `_` and space. Origin: collected by hand.
 */
export const SOURCES: string = `
search google: adwords google-search
search bing: msn microsoft microsoft-bing
shopping google: google-shopping googleshopping gmc merchant-center
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
ai chatgpt: openai gpt chat-gpt chatgpt.com
email *: email e-mail mail newsletter newsletters
email mailchimp: mail-chimp
push firebase: fcm
push onesignal: one-signal
sms *: sms text-message
`
