/**
 * Android packages and iOS bundle ids in `android-app://` and `ios-app://` referrers.
 * Origin: the stores' pages.
 */
export const APPS: string = `
search google: com.google.android.googlequicksearchbox com.google.googlemobile com.android.chrome
email gmail: com.google.android.gm
email outlook: com.microsoft.office.outlook
email yahoo-mail: com.yahoo.mobile.client.android.mail
video youtube: com.google.android.youtube
social google-plus: com.google.android.apps.plus
social facebook: com.facebook.katana com.facebook.lite com.facebook.orca
social instagram: com.instagram.android
social threads: com.instagram.barcelona
social whatsapp: com.whatsapp
social twitter: com.twitter.android
social linkedin: com.linkedin.android
social pinterest: com.pinterest
social reddit: com.reddit.frontpage
social tiktok: com.zhiliaoapp.musically com.ss.android.ugc.trill
social snapchat: com.snapchat.android
social telegram: org.telegram.messenger
social discord: com.discord
social mastodon: org.joinmastodon.android
social bluesky: xyz.blueskyweb.app
social vk: com.vkontakte.android
social line: jp.naver.line.android
social kakao: com.kakao.talk
social wechat: com.tencent.mm
referral slack: com.slack
ai chatgpt: com.openai.chatgpt
ai claude: com.anthropic.claude
ai perplexity: ai.perplexity.app.android
ai gemini: com.google.android.apps.bard
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
social kakao: KAKAOTALK
social wechat: MicroMessenger
search google: GSA
`
