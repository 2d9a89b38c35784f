namespace OptimizerBuild.Diagnostics;

/// <content>Quantisation.</content>
internal static partial class DiagnosticCatalog
{
    /// <summary>Ranges were taken from made-up inputs. Arguments: number of samples.</summary>
    public static readonly DiagnosticDescriptor SyntheticCalibration = new("OPT0018", Severity.Warning, "Calibrated on synthetic data",
        "no CalibrationData: the ranges of the activations come from {0} synthetic inputs in the range that the item declares, and "
            + "the accuracy on real ones may be lower than it could be",
        "The item has no `CalibrationData`. Activation ranges were taken from made-up inputs instead, in the range that "
            + "`InputType=\"UInt8\"` with `InputScale` and `InputOffset` declares.",
        "Give the item metadata `CalibrationData`: a few hundred typical inputs are enough. With `Precision=\"Float32\"` nothing has to "
            + "be calibrated.");

    /// <summary>
    /// Nobody knows how far the inputs reach. Arguments: inputs, number of dot products with a dynamic range, number of nodes in float32.
    /// </summary>
    public static readonly DiagnosticDescriptor UnknownRanges = new("OPT0044", Severity.Warning, "Ranges known only at run time",
        "no CalibrationData, and nothing tells the range of {0}: {1} dot products measure the range of what they read in every prediction, "
            + "and {2} nodes run in float32 for that reason, which takes longer; with a few hundred typical inputs as CalibrationData they "
            + "can run in integers throughout (for images given as bytes InputType=\"UInt8\" with InputScale and InputOffset tells the "
            + "range as well)",
        "The item has no `CalibrationData`, and no `InputType=\"UInt8\"` tells which numbers the model is used on: 0 to 1, 0 to 255, "
            + "normalised ones or others. Ranges are not guessed: where values reach differently far with different kinds "
            + "of input, dot products measure the range of what they read at run time, and other nodes run in float32.",
        "Give the item metadata `CalibrationData`: a few hundred typical inputs are enough. The accuracy does not suffer without, but "
            + "predictions take longer.");

    /// <summary>Ranges were taken from the inputs of the evaluation data. Arguments: number of samples.</summary>
    public static readonly DiagnosticDescriptor CalibratedOnEvaluationData = new("OPT0045", Severity.Warning,
        "Calibrated on evaluation data",
        "no CalibrationData: the ranges of the activations come from {0} inputs of EvaluationData (not from their labels), so that the "
            + "accuracy measured on these may be a little higher than on others; give other samples as CalibrationData",
        "The item has `EvaluationData` and no `CalibrationData`. The inputs of the evaluation data show which values the model reads, "
            + "better than made-up ones could; but an accuracy should be measured on samples that nothing was chosen by.",
        "Give the item metadata `CalibrationData`: a few hundred typical inputs are enough, for example of the training data.");

    /// <summary>
    /// The outputs are far from the float model's. Arguments: ratio in dB, limit in dB, layers that cost most, what to write.
    /// </summary>
    public static readonly DiagnosticDescriptor NoisyOutputs = new("OPT0046", Severity.Warning, "Noisy outputs",
        "the outputs' signal-to-noise ratio in int8 is {0} dB on the calibration data, below {1} dB: answers differ noticeably from the "
            + "float model's; the layers that cost most are {2}; {3}, or set MinOutputSignalToNoise if such answers suffice",
        "Rounding to 8 bits changes the outputs by more than a tenth of their size (20 dB). Regression and control need more than that; "
            + "classifiers may be right with less, which `EvaluationData` with labels would show.",
        "With `Precision=\"Auto\"` the layers that cost most stay in float32 until the limit is reached. Calibrate on data like those in "
            + "use, give `EvaluationData`, or set `MinOutputSignalToNoise` to what suffices (0 for no limit).");

    /// <summary>
    /// A rule gives scales for groups of inputs to layers that have no 4 bits. Arguments: the layers, the first one's name.
    /// </summary>
    public static readonly DiagnosticDescriptor GroupsWithoutFourBits = new("OPT0064", Severity.Warning, "Groups of inputs without 4 bits",
        "Layers gives GroupSize to {0}, where it has no effect: scales of groups are those of weights of 4 bits, which such a layer does "
            + "not have; write Layers=\"{1}:Int4,GroupSize=64\" to have them there in any case, or leave GroupSize out of the rule",
        "A rule of `Layers` says `GroupSize` of layers none of which has weights of 4 bits: their precision is another one, they "
            + "would be too noisy with 4 bits, or they multiply signs by signs. A pattern that also reaches a layer of 4 bits is no fault.",
        "Say `Int4` in the rule as well, which holds however noisy the layer is, or leave `GroupSize` out of it.");

    /// <summary>Some nodes run in float32. Arguments: the summary.</summary>
    public static readonly DiagnosticDescriptor FloatNodes = new("OPT0027", Severity.Message, "Nodes left in float32",
        "nodes left in float32: {0}",
        "Some nodes of the model run in float32: they have no integer form, lose too much accuracy in 8 bits, or stand where integers "
            + "would save nothing.",
        "Nothing has to be done. More representative `CalibrationData` can help nodes with a low signal-to-noise ratio; "
            + "`Precision=\"Int8\"` forces every node that has an integer form.");
}
