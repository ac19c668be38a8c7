export const SEARCH: string = `
google: =google.* images.google.* video.google.* maps.google.* scholar.google.* cse.google.* search.google.* encrypted.google.*
bing: =bing.*
yahoo: =yahoo.* search.yahoo.*
duckduckgo: duckduckgo.com
yandex: =yandex.* ya.ru
baidu: =baidu.com
ecosia: ecosia.org
brave: search.brave.com
naver: =naver.com search.naver.com
`
export const SOCIAL: string = `
facebook: facebook.com fb.me fb.com
instagram: instagram.com
twitter: twitter.com t.co =x.com
linkedin: linkedin.com lnkd.in
reddit: reddit.com redd.it
tiktok: tiktok.com
hackernews: news.ycombinator.com
pinterest: pinterest.*
`
export const VIDEO: string = `
youtube: youtube.com youtu.be
vimeo.com
`
export const EMAIL: string = `
email: mail.google.com mail.yahoo.*
`
export const AI: string = `
chatgpt: chatgpt.com chat.openai.com
perplexity: perplexity.ai
claude: claude.ai
`
