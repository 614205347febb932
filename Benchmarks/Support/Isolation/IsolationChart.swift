#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The pictures of a report's page, as SVG.
enum IsolationChart {
    private static let width = 760.0
    private static let height = 380.0
    private static let left = 64.0
    private static let right = 24.0
    private static let top = 12.0
    private static let bottom = 44.0

    /// The colour of a layout, the same in all pictures.
    private static func colour(_ layout: IsolationLayout) -> String {
        "var(--c\(IsolationLayout.allCases.firstIndex(of: layout) ?? 0))"
    }

    static func legend(_ summaries: [IsolationSummary]) -> String {
        "<ul class=\"legend\">"
            + summaries.map {
                "<li><i style=\"background:\(colour($0.layout))\"></i>\(HTML.text($0.case.name))</li>"
            }.joined() + "</ul>"
    }

    /// How long so many of all GETs took.
    static func curves(_ summaries: [IsolationSummary]) -> String {
        let points = summaries.flatMap(\.curve).filter { $0.percent >= firstPercent && $0.percent <= lastPercent }
        guard let scale = Scale(points.map { Double($0.nanoseconds) }) else { return "" }
        func x(_ percent: Double) -> Double {
            // Nines, from 0 % to 99.99 %.
            let nines = -log10(1 - percent / 100)
            return left + (width - left - right) * nines / -log10(1 - lastPercent / 100)
        }
        func y(_ value: Double) -> Double { top + (height - top - bottom) * (1 - scale.place(value)) }
        var body = grid(scale, y)
        for percent in [0, 50, 90, 99, 99.9, 99.99] {
            body += line(x(percent), top, x(percent), height - bottom)
            let name = percent == percent.rounded() ? "\(Int(percent)) %" : "\(percent) %"
            body += text(x(percent), height - bottom + 18, name, "middle")
        }
        body += text((left + width - right) / 2, height - 6, "of all GETs", "middle")
        for summary in summaries {
            let path = summary.curve.filter { $0.percent <= lastPercent }.map {
                "\(number(x($0.percent))),\(number(y(Double(max(1, $0.nanoseconds)))))"
            }
            body +=
                "<polyline class=\"curve\" stroke=\"\(colour(summary.layout))\" points=\""
                + path.joined(separator: " ") + "\"><title>\(HTML.text(summary.case.name))</title></polyline>"
        }
        return svg(width, height, "Percentile curves of GET latency by layout", body)
    }

    private static let firstPercent = 0.0
    private static let lastPercent = 99.99

    /// Vectors a second against the GET p99.
    static func tradeOff(_ summaries: [IsolationSummary]) -> String {
        let most = summaries.compactMap(\.vectorsPerSecond).max() ?? 0
        guard most > 0, let scale = Scale(summaries.map(\.p99OfRounds.median)) else { return "" }
        func x(_ rate: Double) -> Double { left + (width - left - right - 120) * rate / most }
        func y(_ value: Double) -> Double { top + (height - top - bottom) * (1 - scale.place(value)) }
        var body = grid(scale, y)
        // The largest step of 1, 2, 5 that makes four of them.
        let decade = pow(10, floor(log10(most / 4)))
        let step = decade * (most / 4 >= 5 * decade ? 5 : most / 4 >= 2 * decade ? 2 : 1)
        for rate in stride(from: 0, through: most, by: step) {
            body += line(x(rate), top, x(rate), height - bottom)
            body += text(x(rate), height - bottom + 18, Units.count(Int(rate)), "middle")
        }
        body += text((left + width - right) / 2, height - 6, "vectors a second", "middle")
        let dots = summaries.map { (x: x($0.vectorsPerSecond ?? 0), y: y($0.p99OfRounds.median)) }
        var taken: [(x: Double, y: Double, width: Double)] = dots.map { ($0.x - 7, $0.y, 14) }
        for summary in summaries.sorted(by: { $0.p99OfRounds.median > $1.p99OfRounds.median }) {
            let (px, py) = (x(summary.vectorsPerSecond ?? 0), y(summary.p99OfRounds.median))
            body += "<circle cx=\"\(number(px))\" cy=\"\(number(py))\" r=\"6\" fill=\"\(colour(summary.layout))\"/>"
            // Names go below what is there already.
            let length = Double(summary.case.name.count) * 7
            var place = py
            while taken.contains(where: {
                $0.x < px + 11 + length && $0.x + $0.width > px + 11 && abs($0.y - place) < 14
            }) { place += 7 }
            taken.append((px + 11, place, length))
            body += text(px + 11, place + 4, summary.case.name, "start", isName: true)
        }
        return svg(width, height, "Scan throughput against GET p99 by layout", body)
    }

    /// The slowest GET of each slice of the first second, and the steps of the scan below.
    static func timeline(_ timeline: IsolationTimeline, highest: Int64) -> String {
        let (width, height) = (340.0, 130.0)
        guard let scale = Scale([100_000, Double(highest)]) else { return "" }
        let slices = Double(IsolationTimeline.mostSlices)
        let (left, top, floor) = (56.0, 8.0, 100.0)
        let step = (width - left) / slices
        var body = ""
        for value in scale.decades {
            let y = top + (floor - top) * (1 - scale.place(value))
            body += "<line class=\"grid\" x1=\"\(left)\" x2=\"\(width)\" y1=\"\(number(y))\" y2=\"\(number(y))\"/>"
            body += text(left - 5, y + 4, Units.duration(nanoseconds: value), "end")
        }
        for (index, latency) in timeline.slowest.enumerated() where latency > 0 {
            let y = top + (floor - top) * (1 - scale.place(Double(latency)))
            body +=
                "<rect class=\"bar\" x=\"\(number(left + Double(index) * step))\" y=\"\(number(y))\" "
                + "width=\"\(number(step * 0.9))\" height=\"\(number(max(0, floor - y)))\"/>"
        }
        // A mark is a third of a pixel's width of time: more of them are one band.
        var marked = -1
        for begun in timeline.steps {
            let place = Int(Double(begun) / (slices * Double(IsolationTimeline.sliceMilliseconds) * 1_000) * 900)
            if place == marked { continue }
            marked = place
            let x = number(left + (width - left) * Double(place) / 900)
            body += "<line class=\"step\" stroke-width=\"0.8\" x1=\"\(x)\" x2=\"\(x)\" y1=\"103\" y2=\"111\"/>"
        }
        body += text(left, 125, "0", "start") + text(width, 125, "1 s", "end")
        return svg(width, height, "Slowest GET over time", body)
    }

    // MARK: Parts

    /// A logarithmic scale over whole steps of 1, 2, 5.
    private struct Scale {
        let low: Double
        let high: Double
        let lines: [Double]
        let decades: [Double]

        init?(_ values: [Double]) {
            let positive = values.filter { $0 > 0 && $0.isFinite }
            guard let least = positive.min(), let most = positive.max() else { return nil }
            let steps = (0...10).flatMap { power in [1.0, 2, 5].map { $0 * pow(10, Double(power)) } }
            low = steps.last { $0 <= least } ?? 1
            high = steps.first { $0 >= most && $0 > least } ?? most * 2
            let (first, last) = (low, high)
            let within = steps.filter { $0 >= first && $0 <= last }
            decades = within.filter { log10($0) == log10($0).rounded() }
            lines = within.count <= 9 ? within : decades
        }

        /// From 0 to 1, within it.
        func place(_ value: Double) -> Double {
            min(1, max(0, log10(max(value, low) / low) / log10(high / low)))
        }
    }

    private static func grid(_ scale: Scale, _ y: (Double) -> Double) -> String {
        scale.lines.map {
            line(left, y($0), width - right, y($0))
                + text(left - 8, y($0) + 4, Units.duration(nanoseconds: $0), "end")
        }.joined()
    }

    private static func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double) -> String {
        "<line class=\"grid\" x1=\"\(number(x1))\" y1=\"\(number(y1))\" x2=\"\(number(x2))\" y2=\"\(number(y2))\"/>"
    }

    private static func text(
        _ x: Double, _ y: Double, _ words: String, _ anchor: String, isName: Bool = false
    ) -> String {
        "<text x=\"\(number(x))\" y=\"\(number(y))\" text-anchor=\"\(anchor)\""
            + (isName ? " class=\"name\"" : "") + ">\(HTML.text(words))</text>"
    }

    private static func svg(_ width: Double, _ height: Double, _ title: String, _ body: String) -> String {
        "<svg viewBox=\"0 0 \(Int(width)) \(Int(height))\" role=\"img\"><title>\(title)</title>\(body)</svg>"
    }

    private static func number(_ value: Double) -> String {
        "\((value * 100).rounded() / 100)"
    }
}
