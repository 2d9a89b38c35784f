namespace OptimizerBuild.Diagnostics;

/// <content>Quantisation.</content>
internal static partial class DiagnosticCatalog
{
    /// <summary>Ranges were taken from made-up inputs. Arguments: number of samples.</summary>
    public static readonly DiagnosticDescriptor SyntheticCalibration = new("OPT0018", Severity.Warning, "Calibrated on synthetic data",
        "no CalibrationData: the ranges of the activations come from {0} synthetic inputs, and the accuracy on real ones may be lower "
            + "than it could be",
        "The item has no `CalibrationData`. Activation ranges were taken from made-up inputs instead, shaped by the model's batch-norm "
            + "statistics where it has them, else seeded noise in a plausible range.",
        "Give the item metadata `CalibrationData`: a few hundred typical inputs are enough. With `Precision=\"Float32\"` nothing has to "
            + "be calibrated.");

    /// <summary>Some nodes run in float32. Arguments: the summary.</summary>
    public static readonly DiagnosticDescriptor FloatNodes = new("OPT0027", Severity.Message, "Nodes left in float32",
        "nodes left in float32: {0}",
        "Some nodes of the model run in float32: they have no integer form, lose too much accuracy in 8 bits, or stand where integers "
            + "would save nothing.",
        "Nothing has to be done. More representative `CalibrationData` can help nodes with a low signal-to-noise ratio; "
            + "`Precision=\"Int8\"` forces every node that has an integer form.");
}
