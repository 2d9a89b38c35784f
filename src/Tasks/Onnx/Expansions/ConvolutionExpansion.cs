using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>An operator that is written with a convolution, whose attributes it has.</summary>
[Parameter("auto_pad", ParameterKind.String, Choices = ["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID", ""])]
[Parameter("dilations", ParameterKind.Ints, Minimum = 1)]
[Parameter("group", ParameterKind.Int, Minimum = 1)]
[Parameter("kernel_shape", ParameterKind.Ints, Minimum = 1)]
[Parameter("pads", ParameterKind.Ints, Minimum = 0)]
[Parameter("strides", ParameterKind.Ints, Minimum = 1)]
internal abstract class ConvolutionExpansion : Expansion;
