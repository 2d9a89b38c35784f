using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using OptimizerBuild.Generators.KernelSources;
using OptimizerBuild.Generators.Tests.Harness;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Generators.Tests.KernelSources;

/// <summary>The kernels as the user's compilation gets them. They are whatever files there are in src/Kernels.</summary>
public class KernelSourceTests
{
    private const string EmbeddedAttribute = """
        namespace Microsoft.CodeAnalysis
        {
            internal sealed partial class EmbeddedAttribute : global::System.Attribute
            {
            }
        }
        """;

    // Most closures share most of their files.
    private static readonly ConcurrentDictionary<(string Text, LanguageVersion Version, string[] Symbols), SyntaxTree> Trees = new();

    private static readonly string[] Net8Symbols = ["NET", "NET8_0", "NET8_0_OR_GREATER"];
    private static readonly string[] Net9Symbols = ["NET", "NET9_0", "NET8_0_OR_GREATER", "NET9_0_OR_GREATER"];
    private static readonly string[] Net10Symbols = ["NET", "NET10_0", "NET8_0_OR_GREATER", "NET9_0_OR_GREATER", "NET10_0_OR_GREATER"];
    private static readonly string[] Net11Symbols = [.. Net10Symbols.Where(s => s != "NET10_0"), "NET11_0", "NET11_0_OR_GREATER"];

    public static TheoryData<string> Files() => [.. KernelLibrary.Embedded.Files];

    [Fact]
    public void TheGeneratorCarriesTheKernels()
    {
        Assert.Contains("Workspace", KernelLibrary.Embedded.Files);
        string folder = Path.Combine(SharedAssets.RepositoryRoot, "src", "Kernels");
        string[] sources = [.. Directory
            .EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            .Where(f => !f.Contains(Path.DirectorySeparatorChar + "obj" + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            .Select(f => Path.GetFileNameWithoutExtension(f)!)
            .Order(StringComparer.Ordinal)];
        Assert.Equal(sources, KernelLibrary.Embedded.Files.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void EachKernelAndWhatItNeedsCompileAloneWithoutAWarning(string file)
    {
        KernelLibrary library = KernelLibrary.For(10);
        AssertCompiles(
            library.Texts(library.Select([file]), isShared: false), FrameworkReferences.Net10, Net10Symbols, LanguageVersion.CSharp12);
    }

    /// <summary>What is left out leaves no warning behind in what stays, such as that of a field which nothing reads.</summary>
    [Fact]
    public void WhatOneMethodNeedsCompilesWithoutAWarning()
    {
        KernelLibrary library = KernelLibrary.For(10);
        int leftOut = 0;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (string file in library.Files)
        {
            // The same selection would be the same compilation.
            KernelMethod? method = library.File(file)!.Methods.FirstOrDefault();
            if (method is null)
                continue;
            KernelSelection selection = library.Select([file + "." + method.Name]);
            leftOut += selection.LeftOut.Sum(l => l.Count);
            if (!seen.Add(string.Join(' ', selection.Files)))
                continue;
            AssertCompiles(library.Texts(selection, isShared: false), FrameworkReferences.Net10, Net10Symbols, LanguageVersion.CSharp12);
        }
        Assert.InRange(leftOut, 100, int.MaxValue);
    }

    [Fact]
    public void AllKernelsCompileForNet8() =>
        AssertCompiles(Whole(), FrameworkReferences.Net8, Net8Symbols, LanguageVersion.CSharp12);

    [Fact]
    public void AllKernelsCompileForNet11()
    {
        Net11Packs.Require();
        AssertCompiles(Whole(), FrameworkReferences.Net11, Net11Symbols, LanguageVersion.CSharp12);
    }

    [Fact]
    public void AllKernelsCompileUnderTheNewestLanguageVersion() =>
        AssertCompiles(Whole(), FrameworkReferences.Net10, Net10Symbols, LanguageVersion.Preview);

    /// <summary>The user's overflow setting must change neither results nor speed, hence not one byte of the kernels' code.</summary>
    [Theory]
    [InlineData(8)]
    [InlineData(10)]
    [InlineData(11)]
    public void TheOverflowSettingDoesNotReachTheKernels(int framework)
    {
        if (framework == 11)
            Net11Packs.Require();
        SortedDictionary<string, string> without = MethodBodies(checkOverflow: false, framework);
        SortedDictionary<string, string> with = MethodBodies(checkOverflow: true, framework);
        Assert.NotEmpty(without);
        Assert.Equal(without.Keys, with.Keys);
        string[] different = [.. without.Keys.Where(method => without[method] != with[method])];
        Assert.True(different.Length == 0, string.Join("\n", different));
    }

    [Fact]
    public void EveryTopLevelTypeIsEmbedded()
    {
        foreach (string file in KernelLibrary.Embedded.Files)
        {
            // Some files are empty for all but the newest framework.
            CSharpCompilation compilation = Compile(
                Whole().Where(f => f.File == file), FrameworkReferences.Net10, Net11Symbols, LanguageVersion.CSharp12, false);
            INamespaceSymbol kernels = compilation.Assembly.GlobalNamespace.GetNamespaceMembers()
                .Single(n => n.Name == "OptimizerBuild").GetNamespaceMembers().Single();
            Assert.NotEmpty(kernels.GetTypeMembers());
            foreach (INamedTypeSymbol type in kernels.GetTypeMembers())
            {
                Assert.Equal(Accessibility.Internal, type.DeclaredAccessibility);
                Assert.Contains(type.GetAttributes(), a => a.AttributeClass?.Name == "EmbeddedAttribute");
            }
        }
    }

    [Fact]
    public void KernelsKeepTheirLineNumbers()
    {
        const string Text = """
            namespace OptimizerBuild.Kernels;

            internal static class K
            {
                public static int Add(int a, int b) => a + b;

                public static void Bare(int[] a)
                {
                    a[0] += a[1];
                }

                public static int Wrapped(int a)
                {
                    unchecked
                    {
                        return a + 1;
                    }
                }

                public static int Length => 1 - "x".Length;

            #if NET9_0_OR_GREATER
                public static ref int Element(int[] a, int i) => ref a[i + 1];
            #endif

                public static void Call(int[] a) => a[a.Length - 1]++;
            }

            internal interface IK;
            """;
        var expected = """
            namespace OptimizerBuild.Kernels;

            [global::Microsoft.CodeAnalysis.Embedded]
            internal static class K
            {
                public static int Add(int a, int b) { unchecked { return a + b; } }

                public static void Bare(int[] a)
                { unchecked {
                    a[0] += a[1];
                } }

                public static int Wrapped(int a)
                {
                    unchecked
                    {
                        return a + 1;
                    }
                }

                public static int Length { get { unchecked { return 1 - "x".Length; } } }

            #if NET9_0_OR_GREATER
                public static ref int Element(int[] a, int i) { unchecked { return ref a[i + 1]; } }
            #endif

                public static void Call(int[] a) { unchecked {  a[a.Length - 1]++; } }
            }

            [global::Microsoft.CodeAnalysis.Embedded]
            internal interface IK;
            """;
        string emitted = new KernelSource(Text).Text(isShared: false, []);
        Assert.Equal(expected, emitted[emitted.IndexOf("namespace", StringComparison.Ordinal)..]);
    }

    [Fact]
    public void AFileNeedsTheFilesWhoseTypesItsCodeNames()
    {
        var library = new KernelLibrary(new Dictionary<string, string>
        {
            ["A"] = "namespace OptimizerBuild.Kernels;\n// See Unused.\ninternal static class A { static int F() => Inner.G(); }\n",
            ["B"] = "namespace OptimizerBuild.Kernels;\ninternal readonly struct Inner {\n"
                + "#if NET9_0_OR_GREATER\n static C G() => default;\n#endif\n}\n",
            ["C"] = "namespace OptimizerBuild.Kernels;\ninternal sealed record C(int X);\n",
            ["Unused"] = "namespace OptimizerBuild.Kernels;\ninternal static class Unused { A a; }\n",
        });
        Assert.Equal(["A", "B", "C"], library.Select(["A", "Absent"]).Files);
        Assert.Equal(["A", "Unused"], library.Select(["Unused"]).Files);
        Assert.Equal(["A", "B", "C", "Unused"], library.Select(["Unused", "A.F"]).Files);
        Assert.Empty(library.Select([]).Files);
    }

    /// <summary>Members that nothing needs are left out, with their comments; what the language calls without a name stays.</summary>
    [Fact]
    public void MembersThatNothingCallsAreLeftOut()
    {
        var library = new KernelLibrary(new Dictionary<string, string>
        {
            ["A"] = """
                namespace OptimizerBuild.Kernels;

                internal static class A
                {
                    private const int Used = 3;

                    // Goes with the method below it.
                    private const int Unused = 4;

                    /// <summary>Calls B, which the other does not.</summary>
                    public static int Run(int a) => B.Twice(a) + Used;

                    public static int Other(int a) => C.Thrice(a) + Unused;
                }

                """,
            ["B"] = """
                namespace OptimizerBuild.Kernels;

                internal readonly struct B : System.IDisposable
                {
                    public static int Twice(int a) => (a * 2) + Mine;

                    private static int Mine => 5;

                    public static string Name => "which nothing names";

                    public static int Run(int a) => a;

                    public static B operator +(B left, B right) => left;

                    private int Instance => 1;

                    private static int Twice(long a) => 0;

                    private static int Run(long a) => 1;

                    public void Dispose()
                    {
                    }
                }

                """,
            ["C"] = "namespace OptimizerBuild.Kernels;\n\ninternal static class C { public static int Thrice(int a) => a * 3; }\n",
        });
        (string File, string Text)[] texts = [.. library.Texts(library.Select(["A.Run", "A.Absent"]), isShared: true)];
        Assert.Equal(["A", "B"], texts.Select(t => t.File));
        Assert.Equal(
            """
            internal static class A
            {
                private const int Used = 3;

                /// <summary>Calls B, which the other does not.</summary>
                public static int Run(int a) { unchecked { return B.Twice(a) + Used; } }
            }

            """,
            texts[0].Text[texts[0].Text.IndexOf("internal", StringComparison.Ordinal)..]);
        Assert.Contains("int Twice(int", texts[1].Text, StringComparison.Ordinal);
        Assert.Contains("int Twice(long", texts[1].Text, StringComparison.Ordinal);
        Assert.Contains("Mine => 5", texts[1].Text, StringComparison.Ordinal);
        Assert.Contains("string Name", texts[1].Text, StringComparison.Ordinal);
        Assert.Contains("int Run(int", texts[1].Text, StringComparison.Ordinal);
        Assert.DoesNotContain("int Run(long", texts[1].Text, StringComparison.Ordinal);
        Assert.Contains("operator +", texts[1].Text, StringComparison.Ordinal);
        Assert.Contains("Instance", texts[1].Text, StringComparison.Ordinal);
        Assert.Contains("Dispose", texts[1].Text, StringComparison.Ordinal);
    }

    /// <summary>What apps may read of kernels is there, though no step leads to it.</summary>
    [Theory]
    [InlineData("Int8Dense.Run", "KernelPath")]
    [InlineData("Float32Dense.Run", "Float32Path")]
    public void AppsCanAskWhichInstructionsTheyRunOn(string called, string path)
    {
        KernelLibrary library = KernelLibrary.For(10);
        string text = library.Texts(library.Select([called]), isShared: false).Single(t => t.File == path).Text;
        Assert.Contains("public static string Name", text, StringComparison.Ordinal);
    }

    /// <summary>Code for weights without their zero blocks is there for layers that have such weights, and for no others.</summary>
    [Theory]
    [InlineData("Int8Dense.Run", "Int8Sparse", false)]
    [InlineData("Int8Convolution.Run", "Int8Sparse", false)]
    [InlineData("Int8SparseConvolution.Run", "Int8Sparse", true)]
    [InlineData("Float32Dense.Run", "Float32Sparse", false)]
    [InlineData("Float32Convolution.Run", "Float32Sparse", false)]
    [InlineData("Float32SparseDense.Run", "Float32Sparse", true)]
    [InlineData("Float32SparseConvolution.Run", "Float32Sparse", true)]
    public void SparseKernelsComeWithSparseLayersOnly(string called, string files, bool isSparse)
    {
        KernelLibrary library = KernelLibrary.For(10);
        Assert.Equal(isSparse, library.Texts(library.Select([called]), isShared: false)
            .Any(t => t.File.StartsWith(files, StringComparison.Ordinal)));
    }

    /// <summary>
    /// Parts are found by names alone: each member that the compiler binds a part's code to is among those that the part is said to need.
    /// </summary>
    [Theory]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(10)]
    [InlineData(11)]
    public void WhatAMemberUsesIsEmittedWithIt(int framework)
    {
        if (framework == 11)
            Net11Packs.Require();
        (IReadOnlyList<MetadataReference> references, string[] symbols) = Framework(framework);
        KernelLibrary library = KernelLibrary.For(framework);
        var reach = new KernelReach(library);
        var options = new CSharpParseOptions(LanguageVersion.CSharp12, preprocessorSymbols: symbols);
        SyntaxTree[] trees = [.. library.Files.Select(f => CSharpSyntaxTree.ParseText(library.File(f)!.OwnText, options, f))];
        CSharpCompilation compilation = CSharpCompilation.Create(
            "Kernels", trees, references, new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true));
        int uses = 0;
        foreach (SyntaxTree tree in trees)
        {
            SemanticModel model = compilation.GetSemanticModel(tree);
            KernelSource source = library.File(tree.FilePath)!;
            foreach (SimpleNameSyntax name in tree.GetRoot().DescendantNodes().OfType<SimpleNameSyntax>())
            {
                if (model.GetSymbolInfo(name).Symbol?.OriginalDefinition is not { } symbol
                    || symbol.DeclaringSyntaxReferences.FirstOrDefault() is not { } declared)
                    continue;
                string file = declared.SyntaxTree.FilePath;
                if (library.File(file)!.Parts.FirstOrDefault(p => Covers(p, declared.Span)) is not { } used)
                    continue;
                KernelPart user = source.Parts.FirstOrDefault(p => Covers(p, name.Span)) ?? source.Frame;
                uses++;
                Assert.True(
                    user == used || reach.Needed(file, user, isOwn: file == tree.FilePath).Contains(used),
                    $"{tree.FilePath} {name.GetLocation().GetLineSpan().StartLinePosition.Line + 1}: {symbol} would be left out");
            }
        }
        Assert.InRange(uses, 1000, int.MaxValue);

        static bool Covers(KernelPart part, Microsoft.CodeAnalysis.Text.TextSpan span) =>
            part.Start <= span.Start && span.End <= part.Start + part.Length;
    }

    private static IEnumerable<(string File, string Text)> Whole() =>
        KernelLibrary.Embedded.Files.Select(f => (f, KernelLibrary.Embedded.File(f)!.Text(isShared: false, [])));

    private static void AssertCompiles(
        IEnumerable<(string File, string Text)> files, IReadOnlyList<MetadataReference> references, string[] symbols,
        LanguageVersion version)
    {
        ImmutableArray<Diagnostic> diagnostics = Compile(files, references, symbols, version, checkOverflow: true).GetDiagnostics();
        Assert.True(diagnostics.IsEmpty, string.Join("\n", diagnostics));
    }

    private static CSharpCompilation Compile(
        IEnumerable<(string File, string Text)> files,
        IReadOnlyList<MetadataReference> references,
        string[] symbols,
        LanguageVersion version,
        bool checkOverflow)
    {
        var options = new CSharpParseOptions(version, DocumentationMode.Diagnose, preprocessorSymbols: symbols);
        return CSharpCompilation.Create(
            "Kernels",
            files
                .Select(file => Trees.GetOrAdd(
                    (file.Text, version, symbols), _ => CSharpSyntaxTree.ParseText(file.Text, options, file.File + ".cs")))
                .Append(CSharpSyntaxTree.ParseText(EmbeddedAttribute, options)),
            references,
            new CSharpCompilationOptions(
                OutputKind.DynamicallyLinkedLibrary,
                optimizationLevel: OptimizationLevel.Release,
                checkOverflow: checkOverflow,
                generalDiagnosticOption: ReportDiagnostic.Error,
                warningLevel: 9999,
                deterministic: true));
    }

    private static (IReadOnlyList<MetadataReference> References, string[] Symbols) Framework(int version) => version switch
    {
        8 => (FrameworkReferences.Net8, Net8Symbols),
        // The newer assemblies have all that kernels ask for.
        9 => (FrameworkReferences.Net10, Net9Symbols),
        10 => (FrameworkReferences.Net10, Net10Symbols),
        _ => (FrameworkReferences.Net11, Net11Symbols),
    };

    private static SortedDictionary<string, string> MethodBodies(bool checkOverflow, int framework)
    {
        (IReadOnlyList<MetadataReference> references, string[] symbols) = Framework(framework);
        CSharpCompilation compilation =
            Compile(Whole(), references, symbols, LanguageVersion.CSharp12, checkOverflow);
        using var image = new MemoryStream();
        Assert.True(compilation.Emit(image).Success);
        using var file = new PEReader(new MemoryStream(image.ToArray()));
        MetadataReader metadata = file.GetMetadataReader();
        var bodies = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (TypeDefinitionHandle typeHandle in metadata.TypeDefinitions)
        {
            TypeDefinition type = metadata.GetTypeDefinition(typeHandle);
            foreach (MethodDefinitionHandle methodHandle in type.GetMethods())
            {
                MethodDefinition method = metadata.GetMethodDefinition(methodHandle);
                if (method.RelativeVirtualAddress == 0)
                    continue;
                byte[] code = file.GetMethodBody(method.RelativeVirtualAddress).GetILBytes()!;
                string name = $"{metadata.GetString(type.Name)}.{metadata.GetString(method.Name)}#{MetadataToken(methodHandle)}";
                bodies.Add(name, Convert.ToHexString(code));
            }
        }
        return bodies;

        static int MetadataToken(MethodDefinitionHandle handle) => System.Reflection.Metadata.Ecma335.MetadataTokens.GetRowNumber(handle);
    }
}
