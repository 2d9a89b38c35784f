using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
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
    private static readonly ConcurrentDictionary<(string File, LanguageVersion Version, string[] Symbols), SyntaxTree> Trees = new();

    private static readonly string[] Net8Symbols = ["NET", "NET8_0", "NET8_0_OR_GREATER"];
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
        string[] closure = [.. KernelLibrary.Embedded.Closure([file])];
        AssertCompiles(closure, FrameworkReferences.Net10, Net10Symbols, LanguageVersion.CSharp12);
    }

    [Fact]
    public void AllKernelsCompileForNet8() =>
        AssertCompiles([.. KernelLibrary.Embedded.Files], FrameworkReferences.Net8, Net8Symbols, LanguageVersion.CSharp12);

    [Fact]
    public void AllKernelsCompileForNet11()
    {
        Net11Packs.Require();
        AssertCompiles([.. KernelLibrary.Embedded.Files], FrameworkReferences.Net11, Net11Symbols, LanguageVersion.CSharp12);
    }

    [Fact]
    public void AllKernelsCompileUnderTheNewestLanguageVersion() =>
        AssertCompiles([.. KernelLibrary.Embedded.Files], FrameworkReferences.Net10, Net10Symbols, LanguageVersion.Preview);

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
            CSharpCompilation compilation = Compile([file], FrameworkReferences.Net10, Net11Symbols, LanguageVersion.CSharp12, false);
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
        string emitted = new KernelSource(Text).EmittedText;
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
        Assert.Equal(["A", "B", "C"], library.Closure(["A", "Absent"]));
        Assert.Equal(["A", "B", "C", "Unused"], library.Closure(["Unused"]));
        Assert.Empty(library.Closure([]));
    }

    private static void AssertCompiles(
        string[] files, IReadOnlyList<MetadataReference> references, string[] symbols, LanguageVersion version)
    {
        ImmutableArray<Diagnostic> diagnostics = Compile(files, references, symbols, version, checkOverflow: true).GetDiagnostics();
        Assert.True(diagnostics.IsEmpty, string.Join("\n", diagnostics));
    }

    private static CSharpCompilation Compile(
        IEnumerable<string> files,
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
                    (file, version, symbols), _ => CSharpSyntaxTree.ParseText(KernelLibrary.Embedded.Source(file), options, file + ".cs")))
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

    private static SortedDictionary<string, string> MethodBodies(bool checkOverflow, int framework)
    {
        (IReadOnlyList<MetadataReference> references, string[] symbols) = framework switch
        {
            8 => (FrameworkReferences.Net8, Net8Symbols),
            10 => (FrameworkReferences.Net10, Net10Symbols),
            _ => (FrameworkReferences.Net11, Net11Symbols),
        };
        CSharpCompilation compilation =
            Compile(KernelLibrary.Embedded.Files, references, symbols, LanguageVersion.CSharp12, checkOverflow);
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
