"""The frame of the report: one HTML page with its style and its few lines of script, and tables."""

from collections.abc import Iterable, Sequence
from html import escape

STYLE = """
:root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--dim:#5d6670;--line:#d9dde2;--card:#f6f7f9}
@media(prefers-color-scheme:dark){:root{--bg:#14171b;--fg:#e6e9ec;--dim:#9aa4ae;--line:#333a42;--card:#1c2126}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1180px;padding:1rem;background:var(--bg);color:var(--fg);
 font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
h1{font-size:1.5rem;margin:.2rem 0}h2{font-size:1.15rem;margin:2.2rem 0 .3rem;border-bottom:1px solid var(--line)}
h3{font-size:1rem;margin:1.4rem 0 .2rem}p{margin:.3rem 0;max-width:75ch}a{color:inherit}
.lead,.note,small{color:var(--dim)}figcaption small{margin-right:.9rem}.note{font-size:.85rem}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(210px,1fr));gap:.6rem;margin:1rem 0}
.card{background:var(--card);border-left:4px solid var(--line);border-radius:4px;padding:.5rem .7rem}
.card b{display:block;font-size:1.05rem;overflow-wrap:anywhere}
.card.good{border-color:#009e73}.card.warn{border-color:#e69f00}.card.bad{border-color:#d55e00}
.card span,.card small{display:block;font-size:.82rem;color:var(--dim)}
.row{display:grid;grid-template-columns:7.5rem 1fr;align-items:center;margin:.25rem 0}
.row>b{font-weight:500;font-size:.85rem;overflow-wrap:anywhere}
.plot{position:relative}
.plot::after{content:"";position:absolute;top:0;bottom:0;left:var(--at,0);border-left:1px solid var(--fg);
 pointer-events:none;display:var(--pointed,none)}
.axis{margin-left:7.5rem}
.band{height:26px;background:var(--card);overflow:hidden}
.band i{position:absolute;top:0;bottom:0;color:#000;font:600 11px/26px system-ui,sans-serif;text-align:center;
 overflow:hidden;white-space:nowrap;text-overflow:ellipsis}
.marks{height:14px;background:var(--card);overflow:hidden}.marks u{position:absolute;top:0;bottom:0;width:3px}
figure{margin:.9rem 0 .4rem}figcaption{font-size:.9rem;margin-left:7.5rem}
figure .note{margin:0 0 .6rem 7.5rem}
.key{margin-right:.9rem;font-size:.82rem;white-space:nowrap}
.key i{display:inline-block;width:.8em;height:.8em;margin-right:.3em;border-radius:2px}
.chart{display:grid;grid-template-columns:7.5rem 1fr}.chart .plot{height:92px}.chart.tall .plot{height:150px}
.y{display:flex;flex-direction:column;justify-content:space-between;text-align:right;padding-right:.5rem;
 font-size:.72rem;line-height:1;color:var(--dim)}
svg{width:100%;height:100%;display:block;background:var(--card);overflow:hidden}
svg polyline{fill:none;stroke-width:1.4;vector-effect:non-scaling-stroke;stroke-linejoin:round}
svg .g{stroke:var(--line);stroke-width:1;vector-effect:non-scaling-stroke;fill:none}
.bar{height:1.1rem}
.times{position:relative;height:1.1rem;margin-left:7.5rem;font-size:.72rem;color:var(--dim)}
.times s{position:absolute;text-decoration:none;white-space:nowrap;border-left:1px solid var(--line);padding-left:3px}
.none{margin:.2rem 0 .2rem 7.5rem;color:var(--dim);font-size:.85rem}.row .none{margin:0}
.scroll{width:fit-content;max-width:100%;margin:.5rem 0;overflow:auto;max-height:26rem;
 border:1px solid var(--line);border-radius:4px}
table{border-collapse:collapse;font-size:.85rem}
th,td{padding:.25rem .6rem;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}
th{position:sticky;top:0;background:var(--card);font-weight:600;white-space:nowrap}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.two{display:grid;grid-template-columns:1fr 1fr;gap:0 1.5rem}.two>*{min-width:0}
.two figcaption,.two .times,.two .none,.two figure .note{margin-left:3rem}.two .chart{grid-template-columns:3rem 1fr}
details{margin:.6rem 0}summary{cursor:pointer}pre{overflow-x:auto;background:var(--card);padding:.7rem;font-size:.8rem}
#now{position:fixed;right:.6rem;bottom:.6rem;max-width:min(32rem,90vw);background:var(--fg);color:var(--bg);
 padding:.3rem .7rem;border-radius:4px;font-size:.85rem;display:none}
@media(max-width:720px){.two{grid-template-columns:1fr}.row{grid-template-columns:1fr}.row>b{margin-top:.3rem}
 .axis,.times,figcaption,.none,figure .note,.two figcaption,.two .times,.two .none,
 .two figure .note{margin-left:2.6rem}
 .chart,.two .chart{grid-template-columns:2.6rem 1fr}.row .plot,.axis{margin-left:2.6rem}}
@media print{.scroll{max-height:none}#now{display:none!important}figure,.row{break-inside:avoid}}
"""

SCRIPT = """
const bands=JSON.parse(document.getElementById('bands').textContent),now=document.getElementById('now');
const whole=+document.body.dataset.seconds;
document.addEventListener('pointermove',e=>{
 const p=e.target.closest('.plot');
 if(!p){document.body.style.removeProperty('--pointed');now.style.display='none';return}
 const r=p.getBoundingClientRect(),x=Math.min(1,Math.max(0,(e.clientX-r.left)/r.width)),t=x*whole;
 document.body.style.setProperty('--at',(100*x)+'%');document.body.style.setProperty('--pointed','block');
 const b=bands.find(b=>t>=b[0]&&t<=b[1]);
 now.textContent=t.toFixed(1)+' s'+(b?'  '+b[2]+', '+b[3]:'');
 now.style.display='block';
});
"""


def page(title: str, seconds: float, bands_json: str, body: Iterable[str]) -> str:
    """Return the whole document.

    Parameters
    ----------
    title
        Shown by the browser.
    seconds
        Length of the time axis.
    bands_json
        List of [begin s, end s, state, status and reason], for the script.
    body
        HTML, already escaped.
    """
    # "<" cannot be left as it is within a script element: "</script>" in a reason would end it.
    safe = bands_json.replace("<", "\\u003c")
    return (f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
            f'<meta name="viewport" content="width=device-width,initial-scale=1">'
            f'<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; style-src \'unsafe-inline\'; '
            f'script-src \'unsafe-inline\'"><style>{STYLE}</style></head>'
            f'<body data-seconds="{seconds:.3f}">{"".join(body)}<div id="now"></div>'
            f'<script type="application/json" id="bands">{safe}</script><script>{SCRIPT}</script></body></html>\n')


def card(title: str, value: str, detail: str = "", mood: str = "") -> str:
    """Return one card of the summary; `mood` is "good", "warn", "bad" or ""."""
    small = f"<small>{escape(detail)}</small>" if detail else ""
    return f'<div class="card {mood}"><span>{escape(title)}</span><b>{escape(value)}</b>{small}</div>'


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """Return a table; columns in `numbers` are aligned to the right."""
    heads = "".join(f'<th class=n>{escape(name)}</th>' if number in numbers else f"<th>{escape(name)}</th>"
                    for number, name in enumerate(head))
    lines = []
    for row in rows:
        cells = "".join(f'<td class=n>{escape(cell)}</td>' if number in numbers else f"<td>{escape(cell)}</td>"
                        for number, cell in enumerate(row))
        lines.append(f"<tr>{cells}</tr>")
    return f'<div class=scroll><table><tr>{heads}</tr>{"".join(lines)}</table></div>'


def section(title: str, lead: str, *body: str) -> str:
    """Return a part of the page under its heading, with one sentence of explanation."""
    said = f"<p class=lead>{escape(lead)}</p>" if lead else ""
    return f"<section><h2>{escape(title)}</h2>{said}{''.join(body)}</section>"
