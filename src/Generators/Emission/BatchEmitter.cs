using OptimizerBuild.Plan;

namespace OptimizerBuild.Generators.Emission;

/// <summary>Renders the method that runs a batch of samples, where the plan has one.</summary>
internal static class BatchEmitter
{
    /// <summary>Renders the method, with the inputs of all samples one after the other for parameters.</summary>
    public static void EmitCompute(CodeWriter code, ModelPlan plan)
    {
        if (plan.Batch is not { } batch)
            return;
        code.Line();
        code.Line("// " + Wording.Integer(plan.BatchSamples) + " samples that follow one another.");
        code.Open("private void " + PredictorNames.ComputeBatch + "(" + PredictEmitter.Parameters(plan, withState: false) + ")");
        for (int i = 0; i < batch.Inputs.Count; i++)
            if (batch.Inputs[i].Binding is not null)
                code.Line(PredictorNames.BatchLayers + "." + LayersEmitter.BindingName(batch, i) + "("
                    + Identifiers.Escape(batch.Inputs[i].ParameterName) + ", this._workspace);");
        code.Line(PredictorNames.BatchLayers + ".Run(this._workspace);");
        code.Close();
    }

    /// <summary>What stores the class of each sample of a batch.</summary>
    /// <param name="plan">The plan, of a classifier.</param>
    /// <param name="batch">Its batch.</param>
    /// <returns>Lines with <c>{0}</c> for the predictions' memory and <c>{1}</c> for the first sample's place.</returns>
    public static string[] Classification(ModelPlan plan, PlanEntry batch)
    {
        PlanClassifier classifier = plan.Classifier!;
        string classes = Wording.Integer(classifier.Classes);
        string row = "row";
        while (plan.Inputs.Any(i => i.ParameterName == row))
            row += "_";
        return
        [
            "for (int " + row + " = 0; " + row + " < " + Wording.Integer(plan.BatchSamples) + "; " + row + "++)",
            "    {0}.Span[{1} + " + row + "] = Classify(" + PredictorEmitter.View(plan, batch.Outputs[classifier.Output])
                + ".Slice(" + row + " * " + classes + ", " + classes + "));",
        ];
    }
}
