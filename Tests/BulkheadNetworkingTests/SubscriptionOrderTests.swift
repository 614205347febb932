@testable import BulkheadNetworking
import BulkheadRESP
import Testing

/// The machine against a model of the server. A PING stands behind every step, and a message goes to each channel
/// before every answer.
@Suite(.timeLimit(.minutes(10))) struct `Subscriptions in every order` {
    private static let steps = SubscriptionStep.all + ["MOVE"]

    @Test(arguments: [RESPVersion.resp2, .resp3])
    func `give every request its own answer, and lose no message`(_ version: RESPVersion) {
        for sequence in SubscriptionStep.orders + SubscriptionStep.sequences(of: Self.steps, length: 3) {
            if let complaint = complaint(about: sequence, version) {
                Issue.record("\(sequence): \(complaint)")
                return
            }
        }
    }

    @Test(arguments: [RESPVersion.resp2, .resp3])
    func `do so in one pipeline too`(_ version: RESPVersion) {
        for sequence in SubscriptionStep.orders + SubscriptionStep.sequences(of: SubscriptionStep.all, length: 3) {
            if let complaint = complaint(about: sequence, version, isPipelined: true) {
                Issue.record("\(sequence): \(complaint)")
                return
            }
        }
    }

    /// What went wrong; nil if nothing did.
    private func complaint(about sequence: [String], _ version: RESPVersion, isPipelined: Bool = false) -> String? {
        var machine = Machine.ready(version)
        var server = PubSubModel(version)
        var waiting: [Int] = []
        var (number, published) = (0, 0)
        var (answers, pushes): ([[RESPValue]], [RESPValue]) = ([], [])
        var received: [Received] = []

        /// The server reads what was written, and the machine what the server answers.
        func exchange() {
            var wire = ""
            for written in values(text(machine.takeOutgoing())) {
                published += 1
                let messages =
                    server.publish("\(published)", to: "a") + server.publish("\(published)", to: "b")
                    + server.publish("\(published)", toShard: "a")
                pushes += messages.flatMap(values)
                let answer = server.answer(written.elements!.map { $0.bytes!.text! })
                answers.append(values(answer))
                wire += messages.joined() + answer
            }
            received += machine.receive(wire)
        }

        for step in sequence.flatMap({ [$0, "PING"] }) {
            if step == "MOVE" {
                let news = server.move()
                pushes += news.flatMap(values)
                received += machine.receive(news.joined())
                continue
            }
            number += 1
            waiting.append(number)
            _ = machine.submit(command(step), step.contains("SUBSCRIBE") ? .confirmations : .replies(1), number)
            if !isPipelined { exchange() }
        }
        exchange()
        received.removeAll { $0 == .nothing }
        let completed = received.compactMap { received in
            if case .completed(let number, let values) = received { (number, values) } else { nil }
        }
        guard completed.map(\.0) == waiting else { return "answered were \(completed.map(\.0)) of \(waiting)" }
        let receivedPushes = received.compactMap { if case .pushed(let value) = $0 { value } else { nil } }
        guard receivedPushes == pushes else { return "pushes were \(receivedPushes), not \(pushes)" }
        guard received.count == completed.count + pushes.count else { return "more was received: \(received)" }
        // The PING behind SUNSUBSCRIBE is the connection's own.
        var rest = answers[...]
        for (step, (_, values)) in zip(sequence.flatMap({ [$0, "PING"] }).filter { $0 != "MOVE" }, completed) {
            guard rest.popFirst() == values else { return "\(step) was answered by \(values)" }
            if step.hasPrefix("SUNSUBSCRIBE") { rest = rest.dropFirst() }
        }
        guard machine.isIdle != server.isSubscribed else { return "the connection counts as what it is not" }
        return nil
    }
}
