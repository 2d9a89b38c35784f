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

    /// <summary>Renders the method that gives the classes of the greatest scores.</summary>
    /// <param name="code">Where to.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="classifier">How predictions are made.</param>
    /// <param name="notBuilt">The expression that a plan with signatures only has for a body.</param>
    public static void EmitTop(CodeWriter code, ModelPlan plan, PlanClassifier classifier, string notBuilt)
    {
        PlanOutput output = plan.Outputs[classifier.Output];
        string prediction = PredictorEmitter.FullName(plan) + ".Prediction";
        code.Line();
        code.Summary("The classes of the greatest scores of the last prediction, the most likely one first. Allocates nothing.");
        code.Line("/// <param name=\"predictions\">Takes as many as it has room for.</param>");
        code.Line("/// <returns>How many there are: at most " + Wording.Integer(classifier.Classes) + ".</returns>");
        string signature = "public int TopK(global::System.Span<" + prediction + "> predictions)";
        if (plan.IsSignatureOnly)
        {
            code.Line(signature + " => " + notBuilt + ";");
            return;
        }
        const string Kernel = "global::OptimizerBuild.Kernels.Classification.";
        string type = output.Type.Keyword();
        code.Open(signature);
        code.Line("global::System.ReadOnlySpan<" + type + "> scores = this." + Identifiers.Escape(output.PropertyName) + ";");
        code.Line("int count = global::System.Math.Min(predictions.Length, scores.Length);");
        code.Line("int index = -1;");
        code.Open("for (int i = 0; i < count; i++)");
        code.Line("index = " + Kernel + "Next<" + type + ">(scores, index);");
        code.Line("float confidence = " + (classifier.ScoresAreProbabilities ? "(float)scores[index];"
            : Kernel + "Confidence" + (type == "float" ? "" : "<" + type + ">") + "(scores, index);"));
        code.Line("predictions[i] = new " + prediction + "("
            + (classifier.Labels.Count > 0 ? "(" + PredictorEmitter.FullName(plan) + ".Label)index, " : "") + "index, confidence);");
        code.Close();
        code.Line();
        code.Line("return count;");
        code.Close();
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
