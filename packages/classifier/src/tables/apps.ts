/**
 * Android packages and iOS bundle ids in `android-app://` and `ios-app://` referrers.
 * Origin: the stores' pages.
 */
export const APPS: string = `
search google: com.google.android.googlequicksearchbox com.google.android.apps.searchlite com.google.googlemobile com.android.chrome
search bing: com.microsoft.bing
search duckduckgo: com.duckduckgo.mobile.android
search yandex: ru.yandex.searchplugin
email email: com.google.android.gm com.microsoft.office.outlook com.yahoo.mobile.client.android.mail ch.protonmail.android ru.mail.mailapp com.samsung.android.email.provider
video youtube: com.google.android.youtube
video twitch: tv.twitch.android.app
social facebook: com.facebook.katana com.facebook.lite com.facebook.orca com.facebook.mlite
social instagram: com.instagram.android com.instagram.lite
social threads: com.instagram.barcelona
social whatsapp: com.whatsapp com.whatsapp.w4b
social twitter: com.twitter.android com.twitter.android.lite
social linkedin: com.linkedin.android
social pinterest: com.pinterest
social reddit: com.reddit.frontpage
social tiktok: com.zhiliaoapp.musically com.ss.android.ugc.trill
social snapchat: com.snapchat.android
social telegram: org.telegram.messenger org.telegram.messenger.web org.telegram.plus org.thunderdog.challegram
social discord: com.discord
social google-plus: com.google.android.apps.plus
social mastodon: org.joinmastodon.android
social bluesky: xyz.blueskyweb.app
social vk: com.vkontakte.android
social line: jp.naver.line.android
social kakaotalk: com.kakao.talk
social wechat: com.tencent.mm
social weibo: com.sina.weibo
social tumblr: com.tumblr
social quora: com.quora.android
referral slack: com.slack
ai chatgpt: com.openai.chatgpt
ai perplexity: ai.perplexity.app.android
ai claude: com.anthropic.claude
ai gemini: com.google.android.apps.bard
ai copilot: com.microsoft.copilot
ai deepseek: com.deepseek.chat
`

/** Product tokens that in-app browsers put into their user agent. Origin: the apps' own user agents. */
export const AGENTS: string = `
social facebook: FBAN FBAV FB_IAB
social instagram: Instagram
social threads: Barcelona
social twitter: Twitter TwitterAndroid
social pinterest: Pinterest
social snapchat: Snapchat
social linkedin: LinkedInApp
social tiktok: musical_ly BytedanceWebview TikTok trill
social line: Line
social kakaotalk: KAKAOTALK
social wechat: MicroMessenger
social weibo: Weibo
search google: GSA
`
