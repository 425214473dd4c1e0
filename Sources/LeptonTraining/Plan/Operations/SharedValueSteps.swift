import LeptonNN

extension WeightOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        builder.setValue(node.output, toWeight: node.weights[0])
    }

    /// The users of the value have written to the weight's gradient.
    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {}
}

extension ConstantOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        builder.setValue(node.output, toConstant: values)
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {}
}

extension StopGradientOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        builder.alias(node.output, to: node.inputs[0])
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {}
}
