namespace OptimizerBuild.Diagnostics;

/// <content>Diagnostics of training in the build.</content>
internal static partial class DiagnosticCatalog
{
    /// <summary>One file serves to learn from and to judge by. Arguments: samples to learn from, samples to judge by.</summary>
    public static readonly DiagnosticDescriptor OneFileForTraining = new("OPT0070", Severity.Warning,
        "One file to learn from and to judge by",
        "The model learns from {0} samples of EvaluationData, and its accuracy is that on the {1} others: nothing is judged by "
            + "what it has learned from",
        "With `Recovery`, `Student` or `SelfTraining` a model learns from samples. Accuracy on the same samples would say nothing about "
            + "others. Where there are no data to learn from but those for evaluation, or both are one file, every other sample serves for "
            + "one of the two.",
        "Give samples of their own to learn from as `CalibrationData`; they need no labels.");

    /// <summary>A build takes longer than it may. Arguments: model, minutes.</summary>
    public static readonly DiagnosticDescriptor BuildTakesTooLong = new("OPT0071", Severity.Error, "Build takes too long",
        "'{0}' is not built after MaxBuildMinutes=\"{1}\": where it was training, the next build goes on from there",
        "The metadata `MaxBuildMinutes` limits how long the build of a model may take, whatever it is at work with. It never changes what "
            + "is built, so that there is no result yet. What has been learned is kept in the cache, where there is one; all else "
            + "begins anew.",
        "Allow more minutes. A training goes on with the next build, and takes fewer steps with `RecoverySteps`. In the place of a search "
            + "(`Compression`, `Precision=\"Mixed\"`) write the metadata that one has chosen, which stand in the report.");

    /// <summary>A student cannot take the model's place. Arguments: the student, why not.</summary>
    public static readonly DiagnosticDescriptor StudentDoesNotFit = new("OPT0072", Severity.Error, "Student does not fit",
        "The student '{0}' cannot take the model's place: {1}",
        "A student (metadata `Student`) is shipped in the place of the model, so that callers see no difference: it must have inputs and "
            + "outputs of the same types and shapes, in the same order unless they have the same names, and must be able to learn from the "
            + "samples.",
        "Change the student's file, or give a share of the model's channels, such as `Student=\"0.5x\"`, or, where it has residual "
            + "blocks, of these, such as `Student=\"0.5x depth\"`.");

    /// <summary>A model cannot teach another one. Arguments: the teacher, why not.</summary>
    public static readonly DiagnosticDescriptor TeacherDoesNotFit = new("OPT0073", Severity.Error, "Teacher does not fit",
        "The teacher '{0}' cannot teach the model: {1}",
        "A teacher (metadata `Teacher`) is asked for the answers that the model learns. It must have inputs of the same types and shapes, "
            + "in the same order unless they have the same names, and for each real output of the model one of as many numbers: that of "
            + "the same name, else the first. Classes lie along one axis of the model's output, that of its Softmax or the last one that "
            + "has several places, and a teacher's must lie at the same places; axes of one place make no difference.",
        "Leave the teacher out, or export it with the model's inputs and outputs.");

    /// <summary>A model cannot be given a new last layer. Argument: why not.</summary>
    public static readonly DiagnosticDescriptor HeadDoesNotFit = new("OPT0074", Severity.Error, "Head does not fit",
        "The model cannot be given a new last layer: {0}",
        "With the metadata `Head` the last layer of a classifier is replaced by one for other classes. It is the convolution or matrix "
            + "product with constant weights from which the output follows through functions of single numbers, averages, reshapes and a "
            + "Softmax. The samples need a whole number each, the class, and each class needs a sample. None of their files may be one "
            + "of `EvaluationData`.",
        "Export the model up to its last layer or Softmax, or name the array of the classes by `LabelKey`, or judge by other samples.");

    /// <summary>Samples cannot be varied as asked. Arguments: the terms of the metadata, why not.</summary>
    public static readonly DiagnosticDescriptor AugmentDoesNotFit = new("OPT0077", Severity.Error, "Augment does not fit",
        "The samples cannot be varied by Augment=\"{0}\": {1}",
        "`Shift` and `Flip` move and mirror images, `TimeMask` and `FrequencyMask` take rows or columns of a spectrogram away: each needs "
            + "one float32 input with rows and columns, more of them than it moves or takes. Steps of a sequence, which a first layer "
            + "reads one by one, are no image. `Mixup` needs float32 inputs only, and samples that can be run together, at least 16 of "
            + "them.",
        "Leave the term out, or lower its number.");
}
