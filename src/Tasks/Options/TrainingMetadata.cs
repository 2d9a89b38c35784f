using System.Collections.Immutable;

namespace OptimizerBuild.Options;

/// <summary>The metadata that say which models learn from which.</summary>
internal static class TrainingMetadata
{
    /// <summary>Rows of <see cref="ItemMetadata.Table"/>.</summary>
    public static ImmutableArray<MetadataEntry> Entries { get; } =
    [
        new("Student", MetadataKind.Text, "the model itself is compressed",
            "a share from 0.05 to 0.95 of the channels, such as `0.25x`, or of the residual blocks, such as `0.5x depth`, or the path of "
                + "an `.onnx` file",
            "A smaller model that learns in the build to give what the model gives, and is compressed and shipped in its place. `0.5x` is "
                + "the model with half the channels of each layer, which about quarters its work; `0.5x depth` is the model without half "
                + "of its residual blocks; a file is a graph of your own with the same inputs and outputs. It learns on all samples of "
                + "`CalibrationData`, which need no labels; accuracy is compared with that of the model: see "
                + "[training.md](training.md#students).",
            (o, value, folder) => StudentChoice.Parse(value, folder) is { } student ? o with { Student = student } : null),
        MetadataEntry.Choice<StudentWeights>("StudentWeights", "With `Student=\"student.onnx\"`: with which weights its training begins.",
            nameof(StudentWeights.Own),
            (o, value) => o with { StudentWeights = value },
            (StudentWeights.Own, "with those of the file"),
            (StudentWeights.Fresh, "with random ones, the same in every build")),
        new("Teacher", MetadataKind.Text, "the model itself", "paths of `.onnx` files, separated by semicolons",
            "With `Recovery` or `Student`: models whose answers are learned in the place of the model's own, the mean of several; write "
                + "the model among them where it is to be one. They have the model's inputs and outputs, and may be trees: see "
                + "[training.md](training.md#teachers).",
            (o, value, folder) => StudentChoice.ModelFiles(value, folder) is { } teachers ? o with { Teachers = teachers } : null),
        new("Augment", MetadataKind.Text, "half of the samples are mixed, where they can be",
            "terms separated by semicolons: `Shift=2`, `Flip`, `Mixup=0.5`, `TimeMask=8`, `FrequencyMask=4`; or `None`",
            "With `Recovery` or `Student`: how samples are varied while the model learns from them, as in its own training. `Shift` moves "
                + "images by up to so many pixels, `Flip` mirrors every other one from left to right, `Mixup` mixes a share of the samples "
                + "with others, `TimeMask` and `FrequencyMask` take up to so many rows or columns of a spectrogram away: see "
                + "[training.md](training.md#augmentation).",
            (o, value, _) => Augmentation.Parse(value) is { } augmentation ? o with { Augment = augmentation } : null),
        new("Head", MetadataKind.Path, "the model's own last layer", "data with labels, as `EvaluationData` takes them",
            "Samples of classes of your own, some of each: a new last layer for these classes takes the place of the model's, learned on "
                + "what the layers before it give. The classes have the names of folders, or those of `Labels`: see "
                + "[training.md](training.md#few-labels).",
            (o, value, folder) => MetadataValues.Path(value) ? o with { Head = new(value.Replace('\\', '/'), folder) } : null),
        MetadataEntry.Choice<Switch>("SelfTraining", "With `Head`: whether samples without labels help.", nameof(Switch.False),
            (o, value) => o with { SelfTraining = value == Switch.True },
            (Switch.False, "they do not"),
            (Switch.True, "those of `CalibrationData` of whose class the new layer is sure count as samples of that class; they should be "
                + "of the same classes")),
    ];

    // The values of metadata that say yes or no.
    private enum Switch
    {
        False,
        True,
    }

    /// <summary>Metadata that contradict others, or lack what they need.</summary>
    /// <param name="options">What each says by itself.</param>
    /// <param name="given">The value of a metadata as it is written; null where it is not given.</param>
    public static IEnumerable<(string Name, string Why)> Contradictions(ModelOptions options, Func<string, string?> given)
    {
        if (options.Student is not null && (options.CalibrationData ?? options.EvaluationData) is null)
            yield return ("Student", "it learns from samples: it needs CalibrationData or EvaluationData");
        if (options.Student is { Path: not null } && !options.FurtherShapes.IsEmpty)
            yield return ("Student", "a file has one set of Shapes: write each set as an item of its own, or give a share such as 0.5x");
        if (options.Student is { Path: not null } && options.State.Count > 0)
            yield return ("Student", "a file has no State: give a share such as 0.5x");
        if (!options.Teachers.IsEmpty && !options.Learns)
            yield return ("Teacher", "nothing learns from it: it has a meaning only together with Recovery or Student");
        if (options.Augment is not null && !options.Learns)
            yield return ("Augment", "nothing learns from samples: it has a meaning only together with Recovery or Student");
        if (options.Head is not null && options.Task is not (ModelTask.Auto or ModelTask.Classification))
            yield return ("Head", "it gives classes: Task must be Classification");
        if (options.Head is not null && options.Head == options.EvaluationData)
            yield return ("Head", "what is learned from cannot judge: EvaluationData must be other samples");
        if (options.SelfTraining && options.Head is null)
            yield return ("SelfTraining", "it has a meaning only together with Head");
        if (options is { SelfTraining: true, Head: not null, CalibrationData: null })
            yield return ("SelfTraining", "it learns from samples without labels: it needs CalibrationData");
        if (given("StudentWeights") is not null && options.Student is not { Path: not null })
            yield return ("StudentWeights", "it has a meaning only together with the file of a Student");
    }
}
