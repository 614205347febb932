extension CheckPage {
    /// Colours are chosen for a contrast of 4.5 for text, and of 3 for marks, on both grounds; no figure is told by
    /// colour alone.
    static let style = """
        :root { color-scheme: light dark;
          --ground: #f6f7f9; --card: #ffffff; --ink: #1a1d21; --soft: #596069; --line: #dde1e6; --track: #eceff2;
          --mark: #2b6cb0; --whisker: #1a1d21; --error: #b42318; --warning: #8f5a00; --note: #475467;
          --c0: #2b6cb0; --c1: #c2571a; --c2: #2f855a; --c3: #8b4fb3; --c4: #b83260; --c5: #6b6f1d; --c6: #0e7c86;
          --c7: #6b7280;
          --t0: #8a94a0; --t1: #b3261e; --t2: #c2571a; --t3: #a87800; --t4: #4b8b3b; --t5: #2b7a78; --t6: #2b6cb0; }
        @media (prefers-color-scheme: dark) { :root {
          --ground: #14171a; --card: #1d2126; --ink: #e8eaed; --soft: #a3abb5; --line: #343a41; --track: #2a2f35;
          --mark: #6aa9e9; --whisker: #e8eaed; --error: #ff8a80; --warning: #f0b455; --note: #b6c0cb;
          --c0: #6aa9e9; --c1: #f0935a; --c2: #63c08f; --c3: #c495e6; --c4: #f0819f; --c5: #c5c95a; --c6: #55c3cc;
          --c7: #9aa3ad;
          --t0: #6f7984; --t1: #ff8a80; --t2: #f0935a; --t3: #e3bd4a; --t4: #8fce7c; --t5: #5fc4bf; --t6: #6aa9e9; } }
        * { box-sizing: border-box; }
        body { margin: 0 auto; padding: 1.5rem 1.25rem 3rem; max-width: 72rem; background: var(--ground);
          color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif;
          overflow-wrap: anywhere; }
        h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .25rem; }
        h2 { font-size: 1.15rem; margin: 2.25rem 0 .6rem; }
        h3 { font-size: 1rem; margin: 0 0 .5rem; }
        p { margin: .25rem 0 .75rem; max-width: 60rem; }
        .soft, caption, .legend { color: var(--soft); }
        caption { text-align: left; padding-bottom: .35rem; font-size: .9rem; }
        .card { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1rem 1.1rem;
          min-width: 0; }
        .cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1rem; }
        table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
        th, td { text-align: left; padding: .38rem .5rem; border-bottom: 1px solid var(--line);
          vertical-align: middle; }
        tr:last-child > th, tr:last-child > td { border-bottom: 0; }
        thead th { color: var(--soft); font-weight: 500; font-size: .85rem; }
        tbody th { font-weight: 600; }
        .overview tbody th { white-space: nowrap; }
        .n { text-align: right; white-space: nowrap; }
        .key, code { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: .86em;
          font-weight: 400; overflow-wrap: anywhere; }
        .part { padding-left: 1.5rem; }
        .chart { width: 34%; }
        .overview .chart { width: 20%; }
        .bar { display: block; width: 100%; height: 1rem; background: var(--track); border-radius: .2rem; }
        .bar rect { fill: var(--mark); }
        .bar line { stroke: var(--whisker); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
        .stack { display: flex; height: 1.5rem; border-radius: .25rem; overflow: hidden; background: var(--track);
          gap: 1px; }
        .stack span { display: block; min-width: 2px; }
        .legend { display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; margin: .2rem 0 .8rem; padding: 0;
          list-style: none; font-size: .9rem; }
        .legend i, .dot { display: inline-block; width: .75rem; height: .75rem; border-radius: .15rem;
          margin-right: .4rem; vertical-align: -.05rem; }
        .row { display: grid; grid-template-columns: 9rem minmax(0, 1fr); gap: .25rem 1rem; align-items: center;
          margin: .55rem 0; }
        .scroll { overflow-x: auto; overflow-wrap: normal; }
        details { margin-top: .6rem; }
        summary { cursor: pointer; color: var(--soft); }
        .findings { list-style: none; padding: 0; margin: 0; display: grid; gap: .6rem;
          grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); }
        .findings li { border-left: .3rem solid var(--note); }
        .findings .warning { border-left-color: var(--warning); }
        .findings .error { border-left-color: var(--error); }
        .label { font-size: .8rem; font-weight: 700; text-transform: uppercase; letter-spacing: .04em;
          color: var(--note); margin-right: .5rem; }
        .warning .label { color: var(--warning); }
        .error .label { color: var(--error); }
        .command { display: block; margin-top: .4rem; padding: .45rem .6rem; background: var(--track);
          border-radius: .3rem; white-space: pre-wrap; }
        .command span { display: inline-block; max-width: 100%; }
        .partial { border: 2px solid var(--warning); }
        footer { margin-top: 2.5rem; font-size: .9rem; }
        @media (max-width: 44rem) {
          body { padding: 1rem .75rem 2rem; }
          h1 { font-size: 1.3rem; }
          .row { grid-template-columns: minmax(0, 1fr); }
          .chart { display: none; }
          th, td { padding: .35rem .3rem; }
          .overview thead { position: absolute; left: -999rem; }
          .overview tr { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr));
            padding: .6rem 0;
            border-bottom: 1px solid var(--line); }
          .overview tr:last-child { border-bottom: 0; }
          .overview th, .overview td { border: 0; text-align: left; padding: .1rem .3rem .1rem 0; white-space: normal; }
          .overview tbody th, .overview td.chart, .overview td.wide { grid-column: 1 / -1; }
          .overview td.chart { display: block; width: 100%; }
          .overview td[data-title]::before { content: attr(data-title) " "; color: var(--soft); font-size: .85rem; }
        }
        """
}
