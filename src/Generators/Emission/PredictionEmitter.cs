using OptimizerBuild.Plan;

namespace OptimizerBuild.Generators.Emission;

/// <summary>
/// Renders what a classifier predicts: the struct <c>Prediction</c> and, where the labels are known, the enumeration <c>Label</c>.
/// </summary>
internal static class PredictionEmitter
{
    /// <summary>Renders both types into the class that is being written.</summary>
    public static void Emit(CodeWriter code, ModelPlan plan, PlanClassifier classifier)
    {
        bool labelled = classifier.Labels.Count > 0;
        code.Line();
        code.Summary("What the model predicts for one sample.");
        if (labelled)
            code.Line("/// <param name=\"Label\">The class of the greatest score.</param>");
        string last = Wording.Integer(classifier.Classes - 1);
        code.Line("/// <param name=\"Index\">The index of the greatest score, from 0 to " + last + ".</param>");
        code.Line("/// <param name=\"Confidence\">How confident the model is of it, from 0 to 1: "
            + (classifier.ScoresAreProbabilities ? "the score itself" : "the softmax of the scores") + ".</param>");
        code.Line(PredictorEmitter.GeneratedCode);
        code.Line("public readonly record struct Prediction("
            + (labelled ? PredictorEmitter.FullName(plan) + ".Label Label, " : "") + "int Index, float Confidence);");
        if (labelled)
            EmitLabels(code, classifier);
    }

    private static void EmitLabels(CodeWriter code, PlanClassifier classifier)
    {
        code.Line();
        code.Summary("The classes of the model.");
        code.Line(PredictorEmitter.GeneratedCode);
        code.Open("public enum Label");
        for (int i = 0; i < classifier.Labels.Count; i++)
        {
            if (i > 0)
                code.Line();
            string text = Wording.Xml(classifier.Labels[i]).Trim();
            code.Summary("Class " + Wording.Integer(i) + (text.Length > 0 ? ": " + text : ""));
            code.Line(Identifiers.Escape(classifier.LabelIdentifiers[i]) + " = " + Wording.Integer(i) + ",");
        }
        code.Close();
    }
}
