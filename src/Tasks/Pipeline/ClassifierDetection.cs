using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Metrics;
using OptimizerBuild.Onnx;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;
using OptimizerBuild.Operators.Movement;
using OptimizerBuild.Operators.Reduction;
using OptimizerBuild.Operators.Types;
using OptimizerBuild.Options;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Pipeline;

/// <summary>Decides whether a model is a classifier and how its prediction follows from its scores.</summary>
internal static class ClassifierDetection
{
    /// <summary>The classifier part of a plan; null for models that are none.</summary>
    /// <param name="options">What the item says of task and labels.</param>
    /// <param name="graph">The model as imported, without outputs that are a state.</param>
    /// <param name="measurement">How accuracy is measured; null without evaluation data. Class labels in the data say as much as the
    /// item could.</param>
    /// <param name="own">The labels that the model itself gives; null where it gives none.</param>
    /// <exception cref="ModelException">The options ask for a classifier, but the model has no scores, or the labels do not
    /// fit.</exception>
    public static PlanClassifier? Of(ModelOptions options, Graph graph, AccuracyMeasurement? measurement, ModelLabels? own)
    {
        // Labels in the model say what it is, if its scores are those of one sample.
        if (own is not null && (!graph.Outputs.Contains(own.Output, StringComparer.Ordinal)
            || graph.TypeOf(own.Output).Element != ElementType.Float32 || graph.TypeOf(own.Output).Count != own.Labels.Length))
            own = null;
        int scored = own is null ? ScoresOutput(graph) : graph.Outputs.IndexOf(own.Output);
        bool wanted = options.Task == ModelTask.Classification
            || (options.Task == ModelTask.Auto && (options.LabelsPath is not null || own is not null))
            || (DependsOnData(options) && measurement is { Classes: > 1 } && scored >= 0
                && graph.TypeOf(graph.Outputs[scored]).Count == measurement.Classes);
        if (!wanted)
            return null;
        int output = scored;
        if (output < 0)
        {
            throw new ModelException(
                DiagnosticCatalog.MetadataNotUnderstood, options.Name, options.LabelsPath is null ? "Task" : "Labels",
                options.LabelsPath is null ? nameof(ModelTask.Classification) : Path.GetFileName(options.LabelsPath),
                "the model has no float32 output with a score for each of several classes");
        }
        int classes = graph.TypeOf(graph.Outputs[output]).Count;
        string[] labels = options.LabelsPath is { } path ? LabelsFile.Read(path, classes) : own is null ? [] : [.. own.Labels];
        return new(output, classes, AreProbabilities(graph, graph.Outputs[output]), new(labels), PredictorNames.LabelIdentifiers(labels));
    }

    /// <summary>Whether only labels in the evaluation data can tell.</summary>
    public static bool DependsOnData(ModelOptions options) =>
        options is { Task: ModelTask.Auto, LabelsPath: null, EvaluationData: not null };

    /// <summary>A model without the outputs that are a state, which callers do not see.</summary>
    public static Graph WithoutState(ModelOptions options, Graph graph) => graph with
    {
        Outputs = [.. graph.Outputs.Except(options.State.Values)],
    };

    /// <summary>The first float32 output with several elements, or −1.</summary>
    public static int ScoresOutput(Graph graph)
    {
        for (int i = 0; i < graph.Outputs.Length; i++)
            if (graph.TypeOf(graph.Outputs[i]) is { Element: ElementType.Float32, Count: > 1 })
                return i;
        return -1;
    }

    /// <summary>Whether the scores come out of a Softmax or Sigmoid, perhaps reshaped on the way, or out of a quotient by their own
    /// sum.</summary>
    /// <param name="graph">The model.</param>
    /// <param name="value">The scores.</param>
    public static bool AreProbabilities(Graph graph, string value)
    {
        while (GraphIndex.Of(graph).Producer(value) is { } node)
        {
            switch (node.As<Operator>())
            {
                case SoftmaxOperator or SigmoidOperator:
                    return true;
                case DivOperator:
                    return SumsUp(graph, node.Inputs[0], node.Inputs[1]);
                case IKeepsElementOrder or TransposeOperator or CastOperator:
                    value = node.Inputs[0];
                    break;
                default:
                    return false;
            }
        }
        return false;
    }

    // A Softmax spelt out: e / Σe, where the sum may be reshaped and expanded to e's shape.
    private static bool SumsUp(Graph graph, string summed, string sum)
    {
        while (GraphIndex.Of(graph).Producer(sum) is { } node)
        {
            if (node.Is<ReduceSumOperator>())
                return node.Inputs[0] == summed && GraphIndex.Of(graph).Producer(summed) is { } e && e.Is<ExpOperator>();
            if (!node.Is<IKeepsElementOrder>() && !node.Is<ExpandOperator>())
                return false;
            sum = node.Inputs[0];
        }
        return false;
    }
}
