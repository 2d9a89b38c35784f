using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace OptimizerBuild.Options;

/// <summary>
/// The options that decide about a model's outputs as text: the same text for options that mean the same. It contains no absolute
/// path, so that it serves as part of the cache's key on any machine; the contents of the files it names enter the key separately.
/// </summary>
internal static class OptionsText
{
    /// <summary>
    /// One line an option. <see cref="ModelOptions.MaxAccuracyDrop"/> and <see cref="ModelOptions.MaxClassAccuracyDrop"/> say what is
    /// expected of the evaluation data by being there; the limits themselves judge outputs but do not change them.
    /// </summary>
    public static string Write(ModelOptions options)
    {
        var text = new StringBuilder();
        Line("Name", options.Name);
        Line("Model", Path.GetFileName(options.ModelPath));
        Line("ClassName", options.ClassName);
        Line("Namespace", options.Namespace);
        Line("IsPublic", options.IsPublic.ToString());
        foreach ((string name, ImmutableArray<int> shape) in options.Shapes)
            Line("Shapes " + name, shape.IsDefault ? MetadataValues.Nothing : string.Join(',', shape));
        if (options.ShapesName.Length > 0)
            Line("ShapesName", options.ShapesName);
        foreach (ShapeSet set in options.FurtherShapes)
            Line("FurtherShapes", set.ToString());
        foreach ((string name, ConstantInput constant) in options.Constants)
            Line("Constants " + name, constant.Integers.IsDefault ? Numbers(constant.Reals) : string.Join(',', constant.Integers));
        foreach ((string input, string output) in options.State)
            Line("State " + input, output);
        Line("Task", options.Task.ToString());
        Line("CalibrationData", options.CalibrationData?.Spec ?? "");
        Line("CalibrationSamples", options.CalibrationSamples.ToString(CultureInfo.InvariantCulture));
        Line("EvaluationData", options.EvaluationData?.Spec ?? "");
        Line("LabelKey", options.LabelKey ?? "");
        Line("Labels", options.LabelsPath is null ? "" : Path.GetFileName(options.LabelsPath));
        Line("IsGated", (options.MaxAccuracyDrop ?? options.MaxClassAccuracyDrop) is null ? "False" : "True");
        Line("Metric", options.Metric?.ToString() ?? "");
        Line("Precision", options.Precision.ToString());
        Line("MinSignalToNoise", options.MinSignalToNoise.ToString("R", CultureInfo.InvariantCulture));
        Line("MinOutputSignalToNoise", options.MinOutputSignalToNoise?.ToString("R", CultureInfo.InvariantCulture) ?? "");
        Line("Calibration", options.Calibration.ToString());
        if (options.Fold is { } fold)
            Line("Fold", FormattableString.Invariant($"{fold:R}"));
        if (options.FoldRepair is { } repair)
            Line("FoldRepair", repair.ToString());
        if (options.Rank is { } rank)
            Line("Rank", rank.ToString());
        if (options.RankForm != RankForm.Auto)
            Line("RankForm", options.RankForm.ToString());
        if (options.Compression != CompressionRecipe.Balanced)
            Line("Compression", options.Compression.ToString());
        // A search may lose as much, and ends at that size.
        if (options.Compression is CompressionRecipe.Smallest or CompressionRecipe.Fastest || options.Precision == ModelPrecision.Mixed)
        {
            Line("MaxAccuracyDrop", options.MaxAccuracyDrop?.ToString("R", CultureInfo.InvariantCulture) ?? "");
            Line("MaxSize", options.MaxSize?.ToString(CultureInfo.InvariantCulture) ?? "");
        }
        // Whatever the limit, a model that has one does without a batch and without forms that take more memory.
        if (options.MaxMemory is not null)
            Line("LimitsMemory", "True");
        if (options.Layers.Rules.Length > 0)
            Line("Layers", options.Layers.ToString());
        if (options.Recovery)
            Line("Recovery", options.RecoverySteps?.ToString(CultureInfo.InvariantCulture) ?? "True");
        if (options is { LearnsRounding: true, RecoverySteps: { } steps })
            Line("RoundingSteps", steps.ToString(CultureInfo.InvariantCulture));
        if (options.Student is { } student)
        {
            Line("Student", student.ToString());
            Line("StudentWeights", options.StudentWeights.ToString());
            Line("RecoverySteps", options.RecoverySteps?.ToString(CultureInfo.InvariantCulture) ?? "");
        }
        if (!options.Teachers.IsEmpty)
            Line("Teacher", string.Join(';', options.Teachers.Select(Path.GetFileName)));
        if (options.Augment is { } augmentation)
            Line("Augment", augmentation.ToString());
        if (options.Head is { } head)
            Line("Head", FormattableString.Invariant($"{head.Spec} {options.SelfTraining}"));
        Line("Equalize", options.Equalize?.ToString() ?? "");
        Line("PairSums", options.PairSums.ToString());
        Line("InputType", options.InputType.ToString());
        Line("InputScale", Numbers(options.InputScale));
        Line("IsInputScaleGiven", options.IsInputScaleGiven.ToString());
        Line("InputOffset", Numbers(options.InputOffset));
        Line("InputLayout", options.InputLayout.ToString());
        if (options.Image is { } image)
            Line("Image", image.ToString());
        if (options.SoundRate is { } rate)
            Line("SampleRate", rate.ToString(CultureInfo.InvariantCulture));
        if (options.SoundHop is { } hop)
            Line("Hop", hop.ToString(CultureInfo.InvariantCulture));
        if (options.Rounding != WeightRounding.Auto)
            Line("Rounding", options.Rounding.ToString());
        if (options.Sparsity is { } sparsity)
            Line("Sparsity", sparsity.ToString("R", CultureInfo.InvariantCulture));
        // Also where the item itself asks for no zeros: rules for single layers and recipes do.
        Line("SparsityPattern", options.SparsityPattern.ToString());
        Line("PruningCriterion", options.PruningCriterion.ToString());
        if (options.Clusters is { } clusters)
            Line("Clusters", clusters.ToString(CultureInfo.InvariantCulture));
        if (options.GroupSize is { } group)
            Line("GroupSize", group.ToString(CultureInfo.InvariantCulture));
        if (options.EntropyCoding)
            Line("EntropyCoding", "True");
        Line("ExportOnnx", options.ExportOnnx.ToString());
        return text.ToString();

        void Line(string name, string value) => text.Append(name).Append('=').Append(value.ReplaceLineEndings(" ")).Append('\n');
    }

    private static string Numbers(ImmutableArray<double> numbers) =>
        string.Join(',', numbers.Select(n => n.ToString("R", CultureInfo.InvariantCulture)));
}
