extension IsolationReport {
    /// The report as one page: no scripts, nothing from a network, light and dark, on wide and narrow screens.
    package func page() -> String {
        let claims = claims.map { claim in
            """
            <li class="\(Self.tone(claim.answer))"><b>\(HTML.text(claim.claim))</b>
            <span class="answer">\(HTML.text(claim.answerText))</span>
            <p>\(HTML.text(claim.figures))</p></li>
            """
        }.joined(separator: "\n")
        return """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>Isolation of named databases</title>
            <style>\(HTML.style)</style></head><body><main>
            <h1>Do named databases isolate?</h1>
            <p class="lead">\(HTML.text(verdict.text))</p>
            <ul class="claims">\(claims)</ul>
            <h2>GETs of main, by layout</h2>
            <p>Latency from the instant a GET was meant to leave. Percentiles are medians of the rounds, max is of
            all, and the curves are of all rounds together.</p>
            <div class="wide">\(pageTable)</div>
            \(otherUnits.map { "<p class=\"caption\">\(HTML.text($0))</p>" } ?? "")
            <h2>The work beside them</h2>
            <p>\(HTML.text(stepsMeaning))</p>
            <div class="wide">\(pageStepTable)</div>
            <h2>How slow, how often</h2>
            <figure><div class="wide">\(IsolationChart.curves(mainSummaries))</div>
            \(IsolationChart.legend(mainSummaries))
            <figcaption>Each curve says how long so many of 100 GETs took at most; both axes are logarithmic, so that
            the slowest one in a thousand is seen.</figcaption></figure>
            <h2>What the speed of the scan costs</h2>
            <figure><div class="wide">\(IsolationChart.tradeOff(mainSummaries))</div>
            <figcaption>Vectors a second against the GET p99 of main. To the right and low is good.</figcaption>
            </figure>
            <h2>Over time</h2>
            <div class="times">\(timelines)</div>
            <h2>What each line means</h2>
            <ul class="notes">\((sentences + skipped).map { "<li>\(HTML.text($0)).</li>" }.joined(separator: "\n"))</ul>
            \(serverTruth)
            <h2>How it was measured</h2>
            <p>\(HTML.text(conditions)) Begun \(HTML.text(date)).</p>
            <ul class="notes">\(ownNotes.map { "<li>\(HTML.text($0))</li>" }.joined())</ul>
            </main></body></html>

            """
    }

    private var ownNotes: [String] { [errorBound] + canary + setAside + failures }

    /// The scans of vectors at the usual rate: what the charts compare.
    private var mainSummaries: [IsolationSummary] {
        summaries.filter { $0.case.noise == .vectors && $0.case.rate == nil }
    }

    private static func tone(_ answer: IsolationClaim.Answer) -> String {
        switch answer {
        case .holds: "good"
        case .holdsOnlyWith, .holdsBut: "partly"
        case .doesNotHold: "bad"
        case .undecided: "open"
        }
    }

    private var pageTable: String {
        let rows = summaries.map { summary in
            let latency = summary.getLatencyOfRounds
            let cells =
                [latency.p50, latency.p90, latency.p99, latency.p999, summary.getLatency.max].map {
                    Units.duration(nanoseconds: $0)
                } + [
                    summary.p99TimesIdle.map { IsolationSummary.times($0) } ?? "–",
                    summary.calmCanary.map { Units.duration(nanoseconds: $0.p99) } ?? "–",
                    Units.decimal(summary.setAsideShare * 100, places: 1) + " %",
                    Units.count(Int(summary.achievedGetsPerSecond.rounded())),
                    summary.vectorsPerSecond.map { Units.count(Int($0.rounded())) } ?? "–",
                ]
            return [summary.case.name] + cells
        }
        return Self.table(
            [
                "layout", "p50", "p90", "p99", "p99.9", "max", "p99 × idle", "canary", "set aside", "GETs/s",
                "vectors/s",
            ], rows)
    }

    private var pageStepTable: String {
        let rows = summaries.filter(\.layout.isScanned).map { summary in
            [summary.case.name, summary.case.noise.step] + summary.stepCells([\.p50, \.p90, \.p99, \.p999])
        }
        return Self.table(["layout", "step", "steps", "p50", "p90", "p99", "p99.9", "max"], rows)
    }

    /// Titles, and rows whose first cell is their own title.
    private static func table(_ titles: [String], _ rows: [[String]]) -> String {
        let lines = rows.map { cells in
            "<tr>" + cells.prefix(1).map { "<th>\(HTML.text($0))</th>" }.joined()
                + cells.dropFirst().map { "<td>\(HTML.text($0))</td>" }.joined() + "</tr>"
        }
        return "<table><thead><tr>" + titles.map { "<th>\(HTML.text($0))</th>" }.joined() + "</tr></thead><tbody>"
            + lines.joined(separator: "\n") + "</tbody></table>"
    }

    private var timelines: String {
        let highest = mainSummaries.flatMap(\.timeline.slowest).max() ?? 0
        return mainSummaries.filter { !$0.timeline.slowest.isEmpty }.map { summary in
            """
            <figure><h3>\(HTML.text(summary.case.name))</h3>
            \(IsolationChart.timeline(summary.timeline, highest: highest))</figure>
            """
        }.joined(separator: "\n")
            + """
            <p class="caption">The slowest GET of each \(IsolationTimeline.sliceMilliseconds) ms of the first second,
            all on one logarithmic scale; below, a mark for each step of the scan.</p>
            """
    }

    private var serverTruth: String {
        let rows = summaries.compactMap { summary in
            summary.truth.map {
                "<tr><th>\(HTML.text(summary.case.name))</th><td class=\"words\">\(HTML.text($0.text))</td></tr>"
            }
        }
        if rows.isEmpty { return "" }
        return "<h2>What the server of the cache counted</h2><div class=\"wide\"><table>" + rows.joined(separator: "\n")
            + "</table></div>"
    }
}

/// What a page is made of.
enum HTML {
    static func text(_ text: String) -> String {
        var escaped = ""
        for character in text {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            default: escaped.append(character)
            }
        }
        return escaped
    }

    /// Ten hues that differ in lightness too, for those who do not tell all of them apart.
    static let style = """
        :root{--back:#fff;--text:#1b1f24;--soft:#57606a;--line:#d8dee4;--card:#f6f8fa;
        --good:#1a7f37;--partly:#9a6700;--bad:#cf222e;--open:#57606a;
        --c0:#57606a;--c1:#a40e26;--c2:#e16f24;--c3:#bf8700;--c4:#1a7f37;--c5:#0aa5a0;--c6:#8250df;--c7:#0969da;
        --c8:#54aeff;--c9:#bf3989;--c10:#57761f}
        @media(prefers-color-scheme:dark){:root{--back:#0d1117;--text:#e6edf3;--soft:#9198a1;--line:#30363d;
        --card:#151b23;--good:#3fb950;--partly:#d29922;--bad:#f85149;--open:#9198a1;
        --c0:#9198a1;--c1:#ff7b72;--c2:#ffa657;--c3:#e3b341;--c4:#3fb950;--c5:#39c5cf;--c6:#bc8cff;--c7:#58a6ff;
        --c8:#a5d6ff;--c9:#f778ba;--c10:#b4d455}}
        *{box-sizing:border-box}
        body{margin:0;background:var(--back);color:var(--text);font:16px/1.5 system-ui,sans-serif}
        main{max-width:1080px;margin:0 auto;padding:24px 16px 64px}
        h1{font-size:28px;line-height:1.2;margin:8px 0 12px}h2{font-size:20px;margin:40px 0 8px}
        h3{font-size:14px;margin:0 0 4px;font-weight:600}
        p{margin:8px 0}.lead{font-size:17px}figure{margin:8px 0}figcaption,.caption{color:var(--soft);font-size:14px}
        .claims{list-style:none;padding:0;display:grid;gap:12px;
        grid-template-columns:repeat(auto-fit,minmax(min(300px,100%),1fr))}
        .claims li{background:var(--card);border:1px solid var(--line);border-left:5px solid;border-radius:6px;
        padding:10px 14px}
        .claims b{display:block}.claims p{color:var(--soft);font-size:14px;margin:6px 0 0}.answer{font-weight:600}
        .good{border-left-color:var(--good)!important}.good .answer{color:var(--good)}
        .partly{border-left-color:var(--partly)!important}.partly .answer{color:var(--partly)}
        .bad{border-left-color:var(--bad)!important}.bad .answer{color:var(--bad)}
        .open{border-left-color:var(--open)!important}.open .answer{color:var(--open)}
        .wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:14px}
        th,td{padding:5px 10px;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap;
        font-variant-numeric:tabular-nums}
        th:first-child{text-align:left;font-weight:600}td.words{text-align:left;white-space:normal}
        thead th{color:var(--soft);font-weight:500}
        svg{display:block;width:100%;min-width:560px;height:auto;font:12px system-ui,sans-serif;fill:var(--soft)}
        .times svg{min-width:0}
        svg .grid{stroke:var(--line);stroke-width:1}svg .name{fill:var(--text)}
        svg .curve{fill:none;stroke-width:2;stroke-linejoin:round}svg .bar{fill:var(--c7)}svg .step{stroke:var(--c2)}
        .legend{display:flex;flex-wrap:wrap;gap:4px 16px;list-style:none;padding:0;margin:8px 0;font-size:14px}
        .legend i{display:inline-block;width:18px;height:4px;border-radius:2px;margin-right:6px;vertical-align:middle}
        .times{display:grid;gap:16px;grid-template-columns:repeat(auto-fit,minmax(min(300px,100%),1fr))}
        .times figure{background:var(--card);border:1px solid var(--line);border-radius:6px;padding:10px}
        .times .caption{grid-column:1/-1}.notes{padding-left:20px}.notes li{margin:4px 0}
        """
}
