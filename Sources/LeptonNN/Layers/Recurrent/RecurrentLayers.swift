extension LayerRegistry {
    /// Recurrent layers, their cells, and wrappers over time.
    static let recurrentLayers: [any Layer.Type] = [
        SimpleRNN.self, LSTM.self, GRU.self, RNN.self, SimpleRNNCell.self, LSTMCell.self, GRUCell.self,
        StackedRNNCells.self, Bidirectional.self, TimeDistributed.self,
    ]
}
