/** Names in the host tables that are common words and say nothing as a source. */
export const COMMON_WORDS: string = 'all apollo dev dir free info online so url web www'

/**
 * Names that networks go by beside their hosts: `kind network: names`. Lower case are values of `utm_source`
 * (with `-` for `_` and space); dotted are packages in `android-app://` referrers; capitals are the product tokens
 * that in-app browsers put into their user agent. `*` leaves the value as the name.
 * Origin: by hand, from the stores' pages, the apps' user agents and the tags that people use.
 */
export const NAMES: string = `
search google: adwords com.google.android.googlequicksearchbox com.android.chrome GSA
search bing: microsoft
shopping google: google-shopping
shopping instagram: ig-shopping
shopping shopify:
social facebook: fb meta com.facebook.katana com.facebook.orca FBAN FBAV FB_IAB
social instagram: ig insta com.instagram.android Instagram
social threads: com.instagram.barcelona Barcelona
social google-plus: com.google.android.apps.plus
social whatsapp: com.whatsapp
social twitter: tw x com.twitter.android Twitter
social linkedin: li com.linkedin.android LinkedInApp
social pinterest: com.pinterest Pinterest
social reddit: com.reddit.frontpage
social tiktok: tt com.zhiliaoapp.musically musical_ly BytedanceWebview TikTok
social snapchat: snap com.snapchat.android Snapchat
social telegram: tg org.telegram.messenger
social mastodon: org.joinmastodon.android
social vk: vkontakte com.vkontakte.android
social line: jp.naver.line.android Line
social kakao: com.kakao.talk KAKAOTALK
social wechat: com.tencent.mm MicroMessenger
social hackernews: hn hacker-news
video youtube: yt com.google.android.youtube
ai chatgpt: openai gpt com.openai.chatgpt
ai claude: anthropic com.anthropic.claude
ai perplexity: ai.perplexity.app.android
ai gemini: com.google.android.apps.bard
referral slack: com.slack
email *: email e-mail mail newsletter newsletters
email gmail: com.google.android.gm
email outlook: com.microsoft.office.outlook
email hubspot: hs-email hs-automation
email marketo:
email activecampaign:
email customer-io: customerio customer.io
email beehiiv:
email substack:
email braze:
push *: push webpush web-push
push firebase: fcm
push onesignal:
sms *: sms
sms attentive:
sms postscript:
affiliate *: affiliate affiliates
display *: dv360 google-display
`
