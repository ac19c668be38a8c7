/** Android packages and iOS ids in `android-app://` and `ios-app://` referrers. Origin: the stores' pages. */
export const APPS: string = `
search google: com.google.android.googlequicksearchbox com.google.android.apps.searchlite com.android.chrome
email email: com.google.android.gm com.microsoft.office.outlook com.yahoo.mobile.client.android.mail
video youtube: com.google.android.youtube
social facebook: com.facebook.katana com.facebook.orca com.facebook.lite
social instagram: com.instagram.android
social threads: com.instagram.barcelona
social twitter: com.twitter.android
social linkedin: com.linkedin.android
social pinterest: com.pinterest
social reddit: com.reddit.frontpage
social tiktok: com.zhiliaoapp.musically
social telegram: org.telegram.messenger
referral slack: com.slack
ai chatgpt: com.openai.chatgpt
ai perplexity: ai.perplexity.app.android
ai gemini: com.google.android.apps.bard
`

/** Product tokens that in-app browsers put into their user agent. */
export const AGENTS: string = `
social facebook: FBAN FBAV FB_IAB
social instagram: Instagram
social threads: Barcelona
social twitter: Twitter TwitterAndroid
social pinterest: Pinterest
social snapchat: Snapchat
social linkedin: LinkedInApp
social tiktok: musical_ly BytedanceWebview TikTok
social line: Line
social kakaotalk: KAKAOTALK
social wechat: MicroMessenger
search google: GSA
`

/**
 * Pages that a visitor passes through on the way back to you: payment, log-in, 3-D Secure. Dropped as referrers.
 */
export const PASS_THROUGH: string = `
paypal.com stripe.com klarna.com afterpay.com adyen.com shop.app
pay.google.com accounts.google.com appleid.apple.com login.microsoftonline.com auth0.com
`
