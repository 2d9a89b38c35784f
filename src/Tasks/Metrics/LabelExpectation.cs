using OptimizerBuild.Options;

namespace OptimizerBuild.Metrics;

/// <summary>What an item's metadata let its user expect of the labels in the evaluation data, from less to more.</summary>
internal enum LabelExpectation
{
    /// <summary>Nothing: the metric is what the data allow.</summary>
    None,

    /// <summary>Where the data hold more than inputs, labels or targets are found among them: a limit depends on it.</summary>
    FoundIfThere,

    /// <summary>Labels or targets are there: the user has named them.</summary>
    There,

    /// <summary>Class labels are there.</summary>
    Classes,
}

/// <content>How expectations follow from metadata.</content>
internal static class LabelExpectations
{
    /// <summary>What an item lets its user expect.</summary>
    public static LabelExpectation Of(ModelOptions options) => options switch
    {
        { Metric: AccuracyMetric.Cosine } => LabelExpectation.None,
        { Task: ModelTask.Classification } => LabelExpectation.Classes,
        { Task: ModelTask.Auto, LabelsPath: not null } => LabelExpectation.Classes,
        { LabelKey: not null } => LabelExpectation.There,
        { MaxAccuracyDrop: not null } or { MaxClassAccuracyDrop: not null } => LabelExpectation.FoundIfThere,
        _ => LabelExpectation.None,
    };
}
