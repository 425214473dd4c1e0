extension LayerRegistry {
    /// Layers that slide windows over images, and those that change the edges or the size of images.
    static let convolutionTypes: [any Layer.Type] = [
        Conv1D.self, Conv2D.self, Conv3D.self, Conv1DTranspose.self, Conv2DTranspose.self, Conv3DTranspose.self,
        DepthwiseConv1D.self, DepthwiseConv2D.self, SeparableConv1D.self, SeparableConv2D.self,
        MaxPooling1D.self, MaxPooling2D.self, MaxPooling3D.self,
        AveragePooling1D.self, AveragePooling2D.self, AveragePooling3D.self,
        GlobalMaxPooling1D.self, GlobalMaxPooling2D.self, GlobalMaxPooling3D.self,
        GlobalAveragePooling1D.self, GlobalAveragePooling2D.self, GlobalAveragePooling3D.self,
        ZeroPadding1D.self, ZeroPadding2D.self, ZeroPadding3D.self, Cropping1D.self, Cropping2D.self, Cropping3D.self,
        UpSampling1D.self, UpSampling2D.self, UpSampling3D.self,
    ]

    /// Keras's other names for some of them.
    static let convolutionAliases: [String: String] = {
        var names = ["SeparableConvolution1D": "SeparableConv1D", "SeparableConvolution2D": "SeparableConv2D"]
        for rank in 1...3 {
            names["Convolution\(rank)D"] = "Conv\(rank)D"
            names["Convolution\(rank)DTranspose"] = "Conv\(rank)DTranspose"
            names["MaxPool\(rank)D"] = "MaxPooling\(rank)D"
            names["AvgPool\(rank)D"] = "AveragePooling\(rank)D"
            names["GlobalMaxPool\(rank)D"] = "GlobalMaxPooling\(rank)D"
            names["GlobalAvgPool\(rank)D"] = "GlobalAveragePooling\(rank)D"
        }
        return names
    }()
}
