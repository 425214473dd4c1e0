// A user imports this module alone.
@_exported import LeptonFormats
@_exported import LeptonNN
@_exported import LeptonResources
@_exported import LeptonTensor
@_exported import LeptonTraining
