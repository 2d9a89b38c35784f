using OptimizerBuild.Plan;

namespace OptimizerBuild.Generators.Emission;

/// <summary>
/// Renders what a predictor of images has for images of any size: a method <c>Predict</c> that resizes them and brings their channels into
/// the model's order, and the formats of pixels that it takes.
/// </summary>
internal static class ImageEmitter
{
    private const string Kernel = "global::OptimizerBuild.Kernels.ImageResizer";

    private const string OtherBytes = "There are other bytes than width, height and format say.";

    // In the order of the numbers that the kernel has for them.
    private static readonly (string Name, string Meaning)[] Formats =
    [
        ("Rgb24", "Red, green, blue: 3 bytes a pixel."),
        ("Bgr24", "Blue, green, red: 3 bytes a pixel."),
        ("Rgba32", "Red, green, blue and a fourth byte that does not count: 4 bytes a pixel."),
        ("Bgra32", "Blue, green, red and a fourth byte that does not count: 4 bytes a pixel."),
        ("Gray8", "Grey: 1 byte a pixel."),
    ];

    /// <summary>The kernel files that a plan's images need.</summary>
    public static string[] Files(ModelPlan plan) => plan.Image is null ? [] : ["ImageResizer"];

    /// <summary>Renders the field.</summary>
    public static void EmitField(CodeWriter code, ModelPlan plan)
    {
        if (plan.Image is not null)
            code.Line("private " + Kernel + "? _imageResizer;");
    }

    /// <summary>Renders the method.</summary>
    /// <param name="code">Where to.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="notBuilt">The expression that a plan with signatures only has for a body.</param>
    public static void EmitMethod(CodeWriter code, ModelPlan plan, string notBuilt)
    {
        if (plan.Image is not { } image)
            return;
        PlanInput input = plan.Inputs[0];
        PlanOutput? only = plan.Classifier is null && plan.Outputs.Count == 1 ? plan.Outputs[0] : null;
        string pixels = Identifiers.Escape(input.ParameterName);
        string[] names = Names(input);
        code.Line();
        code.Summary((plan.Classifier is not null ? "Classifies an image of any size. " : "Runs the model on an image of any size. ")
            + Describe(image) + " Allocates nothing, but for memory that grows with the image: once for each greater one.");
        EmitParameterDocumentation(code, input, names);
        if (plan.Classifier is not null)
            code.Line("/// <returns>The class of the greatest score; all scores are then in the property.</returns>");
        else if (only is not null)
            code.Line("/// <returns>The output: " + PredictorEmitter.Describe(only) + ". Valid until the next prediction.</returns>");
        code.Line("/// <exception cref=\"global::System.ArgumentOutOfRangeException\">There are no such images.</exception>");
        code.Line("/// <exception cref=\"global::System.ArgumentException\">" + OtherBytes + "</exception>");
        code.Line("/// <exception cref=\"global::System.InvalidOperationException\">" + (plan.IsSignatureOnly
            ? "The model has not been compiled yet."
            : "The instance is making a prediction already, on another thread.") + "</exception>");
        string type = plan.Classifier is not null ? PredictorEmitter.FullName(plan) + ".Prediction"
            : only is not null ? "global::System.ReadOnlySpan<" + only.Type.Keyword() + ">" : "void";
        string signature = "public " + type + " " + PredictorNames.Method(plan.EntryName) + "(" + Parameters(plan, image, names) + ")";
        if (plan.IsSignatureOnly)
        {
            code.Line(signature + " => " + notBuilt + ";");
            return;
        }
        code.Open(signature);
        code.Line("this.Enter();");
        code.Open("try");
        code.Line("this._imageResizer ??= new " + Kernel + "(height: " + Wording.Integer(image.Height) + ", width: "
            + Wording.Integer(image.Width) + ", channels: " + Wording.Integer(image.Channels) + ", isBgr: "
            + (image.IsBgr ? "true" : "false") + ",");
        code.Line("    resizedHeight: " + Wording.Integer(image.ResizedHeight) + ", resizedWidth: " + Wording.Integer(image.ResizedWidth)
            + ", shorterSide: " + Wording.Integer(image.ShorterSide) + ", filter: " + Wording.Integer((int)image.Filter) + ");");
        code.Line("this." + Entries.Compute(0) + "(this._imageResizer.Run(" + pixels + ", " + names[0] + ", " + names[1] + ", " + names[3]
            + ", (int)" + names[2] + ", " + PlanText.Quote(input.ParameterName) + ")"
            + (StateEmitter.HasState(plan) ? ", this." + PredictorNames.StateProperty : "") + ");");
        if (plan.Classifier is not null)
            code.Line("return this.Classify();");
        else if (only is not null)
            code.Line("return " + (plan.Further.Count > 0 ? "this." + Identifiers.Escape(only.PropertyName)
                : PredictorEmitter.View(plan, only)) + ";");
        code.Close();
        code.Open("finally");
        code.Line("this.Leave();");
        code.Close();
        code.Close();
    }

    /// <summary>Renders the method of a pool.</summary>
    /// <param name="code">Where to.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="pool">The field that holds the predictors.</param>
    /// <param name="notBuilt">The expression that a plan with signatures only has for a body.</param>
    public static void EmitPooled(CodeWriter code, ModelPlan plan, string pool, string notBuilt)
    {
        // Outputs are views of an instance's memory, and a state is one stream's: what is left are classes.
        if (plan.Image is not { } image || plan.Classifier is null || StateEmitter.HasState(plan))
            return;
        PlanInput input = plan.Inputs[0];
        string[] names = Names(input);
        code.Line();
        code.Summary("Classifies an image of any size.");
        EmitParameterDocumentation(code, input, names);
        code.Line("/// <returns>The class of the greatest score.</returns>");
        code.Line("/// <exception cref=\"global::System.ArgumentOutOfRangeException\">There are no such images.</exception>");
        code.Line("/// <exception cref=\"global::System.ArgumentException\">" + OtherBytes + "</exception>");
        string method = PredictorNames.Method(plan.EntryName);
        string signature = "public " + PredictorEmitter.FullName(plan) + ".Prediction " + method
            + "(" + Parameters(plan, image, names) + ")";
        if (plan.IsSignatureOnly)
            code.Line(signature + " => " + notBuilt + ";");
        else
            PoolEmitter.EmitLending(code, plan, pool, signature, "return {0}." + method + "(" + Identifiers.Escape(input.ParameterName)
                + ", " + string.Join(", ", names) + ");");
    }

    // The model chooses the name of its input.
    private static string[] Names(PlanInput input) =>
        Array.ConvertAll(["width", "height", "format", "stride"], n => n == input.ParameterName ? n + "_" : n);

    private static string Parameters(ModelPlan plan, PlanImage image, string[] names)
    {
        string format = PredictorEmitter.FullName(plan) + ".PixelFormat";
        return "global::System.ReadOnlySpan<byte> " + Identifiers.Escape(plan.Inputs[0].ParameterName)
            + ", int " + names[0] + ", int " + names[1] + ", " + format + " " + names[2] + " = " + format + "."
            + Formats[image.Channels == 1 ? 4 : 0].Name + ", int " + names[3] + " = 0";
    }

    private static void EmitParameterDocumentation(CodeWriter code, PlanInput input, string[] names)
    {
        code.Line("/// <param name=\"" + input.ParameterName + "\">The image's pixels, row by row from the top.</param>");
        code.Line("/// <param name=\"" + names[0] + "\">The pixels of a row, from 1 to 65,535.</param>");
        code.Line("/// <param name=\"" + names[1] + "\">The rows, from 1 to 65,535.</param>");
        code.Line("/// <param name=\"" + names[2] + "\">The format of a pixel.</param>");
        code.Line("/// <param name=\"" + names[3] + "\">Bytes from one row to the next; 0 where rows follow one another.</param>");
    }

    /// <summary>Renders the enumeration.</summary>
    public static void EmitFormats(CodeWriter code, ModelPlan plan)
    {
        if (plan.Image is null)
            return;
        code.Line();
        code.Summary("The formats in which images may be passed.");
        code.Line(PredictorEmitter.GeneratedCode);
        code.Open("public enum PixelFormat");
        for (int i = 0; i < Formats.Length; i++)
        {
            if (i > 0)
                code.Line();
            code.Summary(Formats[i].Meaning);
            code.Line(Formats[i].Name + " = " + Wording.Integer(i) + ",");
        }
        code.Close();
    }

    private static string Describe(PlanImage image)
    {
        string taken = Wording.Integer(image.Height) + "×" + Wording.Integer(image.Width);
        string resized = Wording.Integer(image.ResizedHeight) + "×" + Wording.Integer(image.ResizedWidth);
        return (image.ShorterSide > 0
                ? "Its shorter side becomes " + Wording.Integer(image.ShorterSide) + " pixels, of which the middle " + taken + " are taken"
                : resized == taken ? "It becomes " + taken + " pixels"
                : "It becomes " + resized + " pixels, of which the middle " + taken + " are taken")
            + ", as the build prepared its own images.";
    }
}
